//! What is kept about a pharmacist beyond the account.

use sea_orm::entity::prelude::*;

use crate::{Sealed, marker::PharmacistDetails};

/// One pharmacist.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pharmacist_profile")]
pub struct Model {
    /// The account's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The profile, under a system key.
    pub details: Sealed<PharmacistDetails>,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

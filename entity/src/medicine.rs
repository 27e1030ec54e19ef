//! The catalogue. No clinical row has a foreign key to it: that would say who takes what.

use sea_orm::entity::prelude::*;

use crate::{Sealed, marker::MedicineBody};

/// One medicine.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "medicine")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// HMAC of the medicine's code; unique.
    pub code_tag: Vec<u8>,
    /// Name, strength and price, under a system key.
    pub body: Sealed<MedicineBody>,
    /// Came in with imported history; can't be prescribed anew.
    pub historical: bool,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

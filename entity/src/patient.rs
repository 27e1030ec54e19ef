//! The people that records are about, with or without an account.

use sea_orm::entity::prelude::*;

use crate::{Sealed, marker::Demographics};

/// One patient.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patient")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// HMAC of the id in the system it was imported from; unique, so importing twice makes one patient.
    pub source_tag: Option<Vec<u8>>,
    /// Which generation of the patient's key seals the rows; in their associated data.
    pub key_generation: i64,
    /// Name, birth date, address and the like, under the patient's key.
    pub demographics: Sealed<Demographics>,
    /// When the row was made, in milliseconds UTC.
    pub created_ms: i64,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

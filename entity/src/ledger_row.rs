//! The latest leaf of each protected row: the way from a row to its leaf.

use sea_orm::entity::prelude::*;

/// One protected row's latest state.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_row")]
pub struct Model {
    /// HMAC of the row's table and id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_key: Vec<u8>,
    /// HMAC of (row key; table, id, version, content hash) as of that leaf.
    pub row_tag: Vec<u8>,
    /// The [`ledger`](crate::ledger) leaf of the row's last change.
    pub idx: i64,
    /// Which of the leaf's rows it is, from 0.
    pub position: i32,
}

without_relations!();

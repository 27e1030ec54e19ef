//! Every written version of each protected row: the way from a version to the leaf that stands for it.

use sea_orm::entity::prelude::*;

/// One written version of a protected row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_row")]
pub struct Model {
    /// HMAC of the row's table, id and version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_key: Vec<u8>,
    /// HMAC of table, id, version and content hash.
    pub row_tag: Vec<u8>,
    /// The [`ledger`](crate::ledger) leaf that stands for this version.
    pub idx: i64,
    /// Which of the leaf's rows it is, from 0.
    pub position: i32,
}

without_relations!();

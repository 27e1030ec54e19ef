//! The periods statistics are released by: an epoch's sums are closed before they are asked about.

use sea_orm::entity::prelude::*;

/// One epoch.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "epoch")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Counts epochs; unique.
    pub number: i64,
    /// When it opened, in milliseconds UTC.
    pub opened_ms: i64,
    /// When it closed, in milliseconds UTC; none while open.
    pub closed_ms: Option<i64>,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

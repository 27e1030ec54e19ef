//! What privacy may be spent, and was.

use sea_orm::entity::prelude::*;

/// One budget: one scope in one period.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "budget")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// HMAC of whom or what the budget is for; unique.
    pub scope_tag: Vec<u8>,
    /// Spent, in thousandths of epsilon.
    pub spent_milli: i64,
    /// May be spent, in thousandths of epsilon.
    pub limit_milli: i64,
    /// The period it is for.
    pub period: String,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

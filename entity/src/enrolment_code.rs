//! One-time codes with which a user made by the desk brings a key and a password.

use sea_orm::entity::prelude::*;

/// One enrolment code.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enrolment_code")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The [`account`](crate::account) it belongs to.
    pub account_id: Uuid,
    /// HMAC of the code; unique.
    pub code_tag: Vec<u8>,
    /// When it can no longer be used, in milliseconds UTC.
    pub expires_ms: i64,
    /// Whether it has been used.
    pub status: CodeStatus,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

/// Whether an enrolment code has been used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CodeStatus {
    /// Waits for its user.
    Open,
    /// Was used once; never again.
    Used,
}

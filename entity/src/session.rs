//! Log-ins; the bearer token itself is never stored.

use sea_orm::entity::prelude::*;

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The [`account`](crate::account) it belongs to.
    pub account_id: Uuid,
    /// HMAC of the 256-bit bearer token; unique.
    pub token_tag: Vec<u8>,
    /// The [`signing_key`](crate::signing_key) that proved possession at login.
    pub signing_key_id: Uuid,
    /// When the row was made, in milliseconds UTC.
    pub created_ms: i64,
    /// When it ends by itself, in milliseconds UTC.
    pub expires_ms: i64,
    /// Whether the token is still good.
    pub status: SessionStatus,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

/// Whether a session's token is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SessionStatus {
    /// Good until it expires.
    Open,
    /// Logged out, or the account was disabled.
    Closed,
}

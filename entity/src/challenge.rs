//! Login challenges: single use, and as many for names that don't exist as for those that do.

use sea_orm::entity::prelude::*;

/// One login challenge.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "challenge")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// HMAC of the user name that asked, known or not.
    pub account_tag: Vec<u8>,
    /// HMAC of the 256 random bits; unique.
    pub challenge_tag: Vec<u8>,
    /// When it can no longer be answered, in milliseconds UTC.
    pub expires_ms: i64,
    /// Whether it has been answered.
    pub status: ChallengeStatus,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

/// Whether a challenge has been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChallengeStatus {
    /// Waits for its answer.
    Open,
    /// Was answered once; never again.
    Used,
}

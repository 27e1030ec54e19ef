//! Public RSA keys, each kept for ever so that old signatures stay verifiable.

use sea_orm::entity::prelude::*;

/// One public key of one account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_key")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The [`account`](crate::account) it belongs to.
    pub account_id: Uuid,
    /// SHA-256 of `spki`; unique, so no key serves two people.
    pub fingerprint: Vec<u8>,
    /// The public key, DER `SubjectPublicKeyInfo` (RFC 5280 4.1.2.7).
    pub spki: Vec<u8>,
    /// Whether it may sign.
    pub status: KeyStatus,
    /// Ledger index from which signatures by a revoked key no longer count.
    pub revoked_since: Option<i64>,
    /// When the row was made, in milliseconds UTC.
    pub created_ms: i64,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

/// Whether a key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyStatus {
    /// The account's current key.
    Active,
    /// An older key: verifies what it signed, signs no more.
    Replaced,
    /// Compromised or lost: counts only before `revoked_since`.
    Revoked,
}

//! What a repeated mutation made the first time, so that it is not made twice.

use sea_orm::entity::prelude::*;

/// One key of one actor and mutation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// HMAC of actor, mutation and key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_tag: Vec<u8>,
    /// HMAC of the canonical input: the same key with another input is refused.
    pub input_tag: Vec<u8>,
    /// What was made; a repeat resolves from it, with rights decided anew.
    pub made_id: Uuid,
    /// When the key is forgotten, in milliseconds UTC.
    pub expires_ms: i64,
}

without_relations!();

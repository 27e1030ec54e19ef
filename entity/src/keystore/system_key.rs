//! Named keys for what has no patient, and other secrets kept like them: the checkpoint seed, the Paillier
//! secret key.

use sea_orm::entity::prelude::*;

/// One named secret.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "system_key")]
pub struct Model {
    /// What the secret is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The [`master_version`](super::master_version) whose KEK wraps it.
    pub kek_version: i64,
    /// The secret, under that KEK.
    pub wrapped: Vec<u8>,
}

without_relations!();

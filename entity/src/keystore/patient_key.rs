//! Each patient's random key. Deleting a row makes every record of the patient unreadable, in old backups
//! too.

use sea_orm::entity::prelude::*;

/// One patient's key.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patient_key")]
pub struct Model {
    /// The patient; in another database, so not a foreign key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub patient_id: Uuid,
    /// Counts the patient's keys; rows name the one that seals them.
    pub generation: i64,
    /// The [`master_version`](super::master_version) whose KEK wraps it.
    pub kek_version: i64,
    /// The key, under that KEK.
    pub wrapped: Vec<u8>,
}

without_relations!();

//! This installation's public parameters, in its only row.

use sea_orm::entity::prelude::*;

/// The installation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "installation")]
pub struct Model {
    /// Named in every ledger leaf, so that a leaf of one installation is none of another.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the row was made, in milliseconds UTC.
    pub created_ms: i64,
    /// Verifier key of the checkpoints, in C2SP signed-note form; its secret is in the key store.
    pub checkpoint_vkey: String,
    /// Paillier public key of the encrypted sums; its secret is in the key store.
    pub paillier_public: Vec<u8>,
}

without_relations!();

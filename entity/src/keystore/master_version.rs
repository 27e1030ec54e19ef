//! Versions of the master secret; the secret itself is in no database.

use sea_orm::entity::prelude::*;

/// One version.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "master_version")]
pub struct Model {
    /// Counts master secrets, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// PBKDF2 salt of this version's KEK.
    pub salt: Vec<u8>,
    /// PBKDF2 iterations of this version's KEK.
    pub rounds: i64,
    /// Proves at start that the master secret at hand is this version's; tells nothing of it.
    pub check_value: Vec<u8>,
}

without_relations!();

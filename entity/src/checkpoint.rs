//! Signed tree heads; also kept outside the database and given to witnesses.

use sea_orm::entity::prelude::*;

/// One checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checkpoint")]
pub struct Model {
    /// Counts checkpoints; 0 is the one at genesis.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// How many leaves it covers.
    pub tree_size: i64,
    /// RFC 6962 tree hash of those leaves.
    pub root: Vec<u8>,
    /// The tree's right edge, to go on hashing from here.
    pub frontier: Vec<u8>,
    /// The signed note (C2SP tlog-checkpoint), as published.
    pub note: String,
    /// When the row was made, in milliseconds UTC.
    pub created_ms: i64,
}

without_relations!();

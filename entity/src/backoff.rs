//! Failed attempts per subject, to slow guessing down. Not protected: losing a row only forgets a wait.

use sea_orm::entity::prelude::*;

/// One subject that failed lately.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "backoff")]
pub struct Model {
    /// HMAC of the account or address.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_tag: Vec<u8>,
    /// Failed attempts in a row.
    pub failures: i64,
    /// No attempt is heard before this time, in milliseconds UTC.
    pub until_ms: i64,
}

without_relations!();

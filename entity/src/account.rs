//! Whoever can log in. (`user` is a reserved word in PostgreSQL.)

use sea_orm::entity::prelude::*;

use crate::{
    Sealed,
    marker::{PasswordHash, PersonName, Username},
    role::Role,
};

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Decides which verbs the account has; never changes.
    pub role: Role,
    /// HMAC of the normalized user name; unique. Finds an account without naming it.
    pub username_tag: Vec<u8>,
    /// The user name, under a system key.
    pub username: Sealed<Username>,
    /// The person's name, under a system key.
    pub name: Sealed<PersonName>,
    /// The bcrypt hash, under a system key; none until the user has enrolled.
    pub password_hash: Option<Sealed<PasswordHash>>,
    /// Whether the account may log in.
    pub status: UserStatus,
    /// When the row was made, in milliseconds UTC.
    pub created_ms: i64,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

/// Whether an account may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserStatus {
    /// Made by the desk; has not enrolled a key and password yet.
    Invited,
    /// May log in.
    Active,
    /// May not log in; open sessions are closed.
    Disabled,
}

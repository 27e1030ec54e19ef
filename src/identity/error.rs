//! What identity refuses, and under which public code.

use crypto::{password::PasswordRefused, signature::KeyRefused};
use sea_orm::{DbErr, SqlErr};

use super::NameRefused;
use crate::{
    keyring::{IntegrityViolation, KeyringError},
    ledger::{LedgerError, Transient},
    store::StoreError,
};

/// Why identity refused, or could not do, what was asked.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No session, or one that has ended, or whose account may not be used.
    #[error("log in first")]
    Unauthenticated,
    /// Unknown user, wrong password, wrong key, wrong or used challenge: never told apart.
    #[error("user name, password, key or challenge is wrong: ask for a new challenge and try again")]
    WrongCredentials,
    /// Unknown user, wrong code, used or expired code: never told apart.
    #[error("user name or enrolment code is wrong, used or expired: ask the desk for a new code")]
    WrongCode,
    /// Too many attempts failed.
    #[error("too many failed attempts: try again in {retry_seconds} s")]
    TooManyAttempts {
        /// When to come back.
        retry_seconds: i64,
    },
    /// Somebody else has that user name.
    #[error("this user name is taken: choose another")]
    UsernameTaken,
    /// Not a user name or person's name.
    #[error(transparent)]
    Name(#[from] NameRefused),
    /// Not a password that may be set.
    #[error(transparent)]
    Password(#[from] PasswordRefused),
    /// Not a key that may be used.
    #[error(transparent)]
    Key(#[from] KeyRefused),
    /// The key is somebody's, or was this user's before.
    #[error("this key is or was in use: make a new one")]
    KeyInUse,
    /// A signature that is not by the key it must be by, over the text it must be over.
    #[error("the signature does not fit: sign the text anew with the right key")]
    Signature,
    /// No such account, session or key.
    #[error("there is no such user or key")]
    NotFound,
    /// A ledger index that does not exist.
    #[error("the ledger has no entry `{0}`")]
    NoSuchEntry(i64),
    /// bcrypt's cost is the base-2 logarithm of its rounds.
    #[error("bcrypt has no cost `{0}`: use 4 to 31")]
    Cost(u32),
    /// Too many passwords are being checked.
    #[error("too many log-ins are waiting: retry in a second")]
    Overloaded,
    /// The ledger or a database failed, or a row was changed by somebody without the keys.
    #[error(transparent)]
    Ledger(LedgerError),
}

impl IdentityError {
    /// The public code.
    ///
    /// | code | when |
    /// |---|---|
    /// | `UNAUTHENTICATED` | no session that is good |
    /// | `INVALID_CREDENTIALS` | login refused |
    /// | `ENROLMENT_REFUSED` | enrolment refused |
    /// | `TOO_MANY_ATTEMPTS` | back-off; retry after the seconds it names |
    /// | `USERNAME_TAKEN` | the user name is somebody's |
    /// | `INPUT_INVALID` | a name or ledger index that is none |
    /// | `PASSWORD_REFUSED`, `KEY_REFUSED` | policy |
    /// | `KEY_IN_USE` | the key was seen before |
    /// | `SIGNATURE_INVALID` | proof of possession failed |
    /// | `NOT_FOUND` | no such account or key |
    /// | `CONFLICT_RETRY` | somebody else was first |
    /// | `OVERLOADED` | retry in a second |
    /// | `INTEGRITY_VIOLATION` | a row was changed behind the server's back |
    /// | `INTERNAL` | everything else |
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::WrongCredentials => "INVALID_CREDENTIALS",
            Self::WrongCode => "ENROLMENT_REFUSED",
            Self::TooManyAttempts { .. } => "TOO_MANY_ATTEMPTS",
            Self::UsernameTaken => "USERNAME_TAKEN",
            Self::Name(_) | Self::NoSuchEntry(_) => "INPUT_INVALID",
            Self::Password(_) => "PASSWORD_REFUSED",
            Self::Key(_) => "KEY_REFUSED",
            Self::KeyInUse => "KEY_IN_USE",
            Self::Signature => "SIGNATURE_INVALID",
            Self::NotFound => "NOT_FOUND",
            Self::Ledger(LedgerError::Conflict) => "CONFLICT_RETRY",
            Self::Overloaded | Self::Ledger(LedgerError::Overloaded) => "OVERLOADED",
            Self::Ledger(LedgerError::Integrity(_)) => "INTEGRITY_VIOLATION",
            Self::Cost(_) | Self::Ledger(_) => "INTERNAL",
        }
    }

    /// Another meaning for a broken UNIQUE constraint; every other error stays.
    pub(super) fn or_if_taken(error: LedgerError, taken: Self) -> Self {
        let unique = |error: &DbErr| matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)));
        match error {
            LedgerError::Store(StoreError::Database(ref database)) if unique(database) => taken,
            other => Self::Ledger(other),
        }
    }
}

impl From<LedgerError> for IdentityError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<StoreError> for IdentityError {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<KeyringError> for IdentityError {
    fn from(error: KeyringError) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<IntegrityViolation> for IdentityError {
    fn from(violation: IntegrityViolation) -> Self {
        Self::Ledger(violation.into())
    }
}

impl From<DbErr> for IdentityError {
    fn from(error: DbErr) -> Self {
        Self::Ledger(error.into())
    }
}

impl Transient for IdentityError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Ledger(error) if error.is_transient())
    }
}

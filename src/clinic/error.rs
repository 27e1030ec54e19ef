//! What can go wrong in the clinic.

use crate::{
    access::AccessError,
    identity::IdentityError,
    keyring::{IntegrityViolation, KeyringError},
    ledger::{LedgerError, Transient},
    vault::SignatureFault,
};

/// Why a clinical operation was refused; nothing was then written.
#[derive(Debug, thiserror::Error)]
pub enum ClinicError {
    /// Not there, or not to be known of.
    #[error("there is no such thing, or none that you may see")]
    NotFound,
    /// No right.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Not recorded.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// No key, or tampered with.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// About accounts and keys.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The signature does not stand for the prescription.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// The prescriber's key was not valid when the prescription entered the ledger, or was revoked since.
    #[error("the prescriber's key was not valid for this prescription")]
    KeyNotValid,
    /// Everything was dispensed before.
    #[error("this prescription was dispensed already")]
    AlreadyDispensed,
    /// More than is left.
    #[error("only {left} are left to dispense")]
    QuantityExceeded {
        /// Units left.
        left: u32,
    },
    /// Past its date.
    #[error("this prescription has expired")]
    Expired,
    /// Cancelled by its prescriber.
    #[error("this prescription was cancelled")]
    Cancelled,
    /// A draft, or history from another system.
    #[error("this prescription was never issued here")]
    NotIssued,
    /// The draft was used, or its 15 minutes are over.
    #[error("this draft is no longer open: make a new one")]
    DraftClosed,
    /// This very text was signed and used before.
    #[error("this signed text was used before: compose a new one")]
    Replay,
    /// The idempotency key was used with other input.
    #[error("this idempotency key was used with other input: take a new one")]
    IdempotencyKeyReused,
    /// No medicine of that code. The code is not repeated: what somebody wanted to prescribe is clinical.
    #[error("no medicine has this code: see `medicines`")]
    UnknownMedicine(String),
    /// A field of the input is not as it must be.
    #[error("`{field}` {problem}")]
    Input {
        /// Which.
        field: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
}

impl ClinicError {
    /// A broken UNIQUE constraint on a signed text means that the text was used before.
    #[must_use]
    pub fn or_replay(error: LedgerError) -> Self {
        let unique = |error: &sea_orm::DbErr| {
            matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
        };
        match &error {
            LedgerError::Store(crate::store::StoreError::Database(database)) if unique(database) => {
                Self::Replay
            }
            _ => Self::Ledger(error),
        }
    }
}

impl From<sea_orm::DbErr> for ClinicError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<IntegrityViolation> for ClinicError {
    fn from(violation: IntegrityViolation) -> Self {
        Self::Ledger(violation.into())
    }
}

impl Transient for ClinicError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Ledger(error) if error.is_transient())
    }
}

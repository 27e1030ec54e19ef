//! What a statistic may be refused for. No message holds a number that was computed from patients' data.

use crypto::paillier::{CiphertextRefused, KeyRefused, PlaintextRefused, SlotsRefused};
use uuid::Uuid;

use crate::{
    keyring::{IntegrityViolation, KeyringError},
    ledger::{LedgerError, Transient},
};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    /// Nothing could be recorded, or a row is not what this server wrote.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The kept Paillier key cannot be used.
    #[error("the statistics key cannot be used: {0}")]
    Key(#[from] KeyRefused),
    /// The configured length of the key is none that statistics work with.
    #[error("a statistics key has 2048 or 3072 bits, not {0}")]
    KeySize(u32),
    /// A vital's ciphertext is none of this key's, though its row is this server's.
    #[error("the ciphertext of vital `{0}` is refused: {1}")]
    Vital(Uuid, CiphertextRefused),
    /// A vital was encrypted in another layout or under another key.
    #[error("vital `{0}` was encrypted in another layout or under another key")]
    OtherLayout(Uuid),
    /// A sum cannot be worked with.
    #[error("an encrypted sum is refused: {0}")]
    Sum(#[from] CiphertextRefused),
    /// A sum decrypts to what no sum of vitals can be.
    #[error("an encrypted sum is out of range: run `medicrypt statistics verify`")]
    OutOfRange,
    /// A vital that was amended or entered in error stays so.
    #[error("the vital is not current any more")]
    NotCurrent,
    /// No epoch was closed yet.
    #[error("no epoch is closed yet: statistics answer on the last closed one")]
    NoClosedEpoch,
    /// The epsilon asked for is not offered.
    #[error("epsilon must be between 1 and {most} thousandths")]
    Epsilon {
        /// The most that one question may cost.
        most: u32,
    },
    /// The question's expected 95 % interval is wider than the range of its answers. Nothing was charged.
    #[error("with this epsilon the answer would say nothing: ask with more, or ask for another kind")]
    TooNoisy,
    /// The budget does not hold the price. Nothing was charged.
    #[error("the privacy budget has {left_milli} thousandths left, too few for this question")]
    BudgetExhausted {
        /// What is left, in thousandths of epsilon.
        left_milli: i64,
    },
    /// The noisy count is too small for an answer. The price was paid.
    #[error("the cohort is too small for an answer; the question is charged all the same")]
    CohortTooSmall {
        /// What this call cost, in thousandths of epsilon: 0 for a repeated question.
        charged_milli: u32,
    },
    /// The decryptor did not answer; the question is charged and is answered when asked again.
    #[error("the decryptor does not answer: ask the same question again, it is charged once")]
    DecryptorUnavailable,
}

impl StatisticsError {
    /// The public error code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ledger(LedgerError::Conflict) | Self::NotCurrent => "CONFLICT_RETRY",
            Self::Ledger(LedgerError::Integrity(_))
            | Self::Vital(..)
            | Self::OtherLayout(_)
            | Self::Sum(_)
            | Self::OutOfRange => "INTEGRITY_VIOLATION",
            Self::Ledger(_) => "AUDIT_UNAVAILABLE",
            Self::Key(_) | Self::KeySize(_) => "INTERNAL",
            Self::NoClosedEpoch => "NO_CLOSED_EPOCH",
            Self::Epsilon { .. } => "INPUT_INVALID",
            Self::TooNoisy => "TOO_NOISY",
            Self::BudgetExhausted { .. } => "BUDGET_EXHAUSTED",
            Self::CohortTooSmall { .. } => "COHORT_TOO_SMALL",
            Self::DecryptorUnavailable => "DECRYPTOR_UNAVAILABLE",
        }
    }

    /// Whether somebody else wrote the same row first, so that reading it again may help.
    pub(super) fn is_conflict(&self) -> bool {
        use sea_orm::SqlErr::UniqueConstraintViolation;
        match self {
            Self::Ledger(LedgerError::Conflict) => true,
            Self::Ledger(LedgerError::Store(crate::store::StoreError::Database(error))) => {
                matches!(error.sql_err(), Some(UniqueConstraintViolation(_)))
            }
            _ => false,
        }
    }
}

impl Transient for StatisticsError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Ledger(error) if error.is_transient())
    }
}

impl From<KeyringError> for StatisticsError {
    fn from(error: KeyringError) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<IntegrityViolation> for StatisticsError {
    fn from(violation: IntegrityViolation) -> Self {
        Self::Ledger(violation.into())
    }
}

impl From<sea_orm::DbErr> for StatisticsError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<PlaintextRefused> for StatisticsError {
    fn from(refused: PlaintextRefused) -> Self {
        Self::Sum(refused.into())
    }
}

impl From<SlotsRefused> for StatisticsError {
    fn from(_: SlotsRefused) -> Self {
        Self::OutOfRange
    }
}

impl From<tokio::task::JoinError> for StatisticsError {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::DecryptorUnavailable
    }
}

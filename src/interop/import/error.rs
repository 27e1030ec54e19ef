//! Why an import stops.

use crate::{
    clinic::ClinicError,
    identity::IdentityError,
    interop::fhir::SourcesError,
    keyring::KeyringError,
    ledger::{LedgerError, Transient},
    statistics::StatisticsError,
};

/// Why an import stopped before its end. The batches that were written stay; the next run goes on after them.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is nothing to import, or nothing that can be read.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// A batch was not recorded.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A key is missing.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// About accounts.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// About encrypting vitals.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// About the catalogue.
    #[error(transparent)]
    Clinic(#[from] ClinicError),
    /// A thread of it ended early.
    #[error("the import broke off: run it again, and it goes on from where it was")]
    Stopped,
}

impl From<sea_orm::DbErr> for ImportError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<tokio::task::JoinError> for ImportError {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::Stopped
    }
}

impl Transient for ImportError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Ledger(error) => error.is_transient(),
            Self::Identity(error) => error.is_transient(),
            Self::Statistics(error) => error.is_transient(),
            Self::Clinic(error) => error.is_transient(),
            Self::Sources(_) | Self::Keyring(_) | Self::Stopped => false,
        }
    }
}

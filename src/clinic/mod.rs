//! What the roles share of medicine: patients and who treats them, records, medicines, and the prescription with its state
//! machine and its verification. Verbs and rules are the roles'.

pub mod admit;
pub mod care;
mod error;
pub mod medicine;
pub mod patient;
pub mod prescription;
pub mod record;

use std::sync::Arc;

use sea_orm::Select;

use crate::{
    access::Desk,
    identity::Identity,
    keyring::{Checked, Keyring, Violation},
    ledger::{Ledger, LedgerError, Row},
    store::Store,
    vault::Vault,
};

pub use crate::statistics::metric;
pub use error::ClinicError;

/// The room, with what it needs from below.
#[derive(Debug)]
pub struct Clinic {
    store: Arc<Store>,
    keyring: Arc<Keyring>,
    ledger: Ledger,
    vault: Arc<Vault>,
    identity: Arc<Identity>,
    desk: Arc<Desk>,
}

impl Clinic {
    /// A clinic over the open rooms.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        keyring: Arc<Keyring>,
        ledger: Ledger,
        vault: Arc<Vault>,
        identity: Arc<Identity>,
        desk: Arc<Desk>,
    ) -> Self {
        Self { store, keyring, ledger, vault, identity, desk }
    }

    /// Rows that can be believed, the newest that the ledger knows: an old copy put back is as bad as a forged one. What
    /// seems stale is read again, at one moment: somebody was writing between the two statements, or it truly is.
    async fn held<M: Row>(&self, query: Select<M::Entity>) -> Result<Vec<Checked<M>>, ClinicError> {
        let rows = self.keyring.check_all(query.clone().all(self.store.read()).await?)?;
        match self.ledger.hold_all(self.store.read(), &rows).await {
            Err(LedgerError::Integrity(violation)) if violation.kind == Violation::Stale => {}
            held => return Ok(held.map(|_| rows)?),
        }
        let snapshot = self.store.snapshot().await.map_err(LedgerError::from)?;
        let rows = self.keyring.check_all(query.all(&snapshot).await?)?;
        self.ledger.hold_all(&snapshot, &rows).await?;
        snapshot.rollback().await?;
        Ok(rows)
    }
}

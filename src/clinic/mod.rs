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

use crate::{access::Desk, identity::Identity, keyring::Keyring, ledger::Ledger, store::Store, vault::Vault};

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
}

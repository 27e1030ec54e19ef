//! The open rooms, by reference: built once, in `main`, and handed to every request.
//! [`World::write`] is the only write transaction there is for roles.

use std::{path::PathBuf, sync::Arc};

use futures::future::BoxFuture;

use crate::{
    access::{Desk, Rule},
    clinic::Clinic,
    identity::{Identity, IdentityError, Settings},
    keyring::{Keyring, KeyringError, Master, Unsealer},
    ledger::{Ledger, LedgerError, Transient, Tx, Written},
    statistics::{Decryptor, Statistics, StatisticsError},
    store::{Location, Store, StoreError, Surroundings},
    vault::Vault,
};

/// Where everything is, and what it may cost.
#[derive(Debug)]
pub struct Opening {
    /// The databases.
    pub location: Location,
    /// The master secret.
    pub master: Master,
    /// Directory of the checkpoint file, outside the database.
    pub checkpoints: PathBuf,
    /// Time, randomness and costs.
    pub around: Surroundings,
    /// What this installation decides about logging in.
    pub identity: Settings,
}

/// Why the rooms did not open.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The databases.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master secret or the key store.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The accounts.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The decryptor.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
}

/// Every room, open. Cheap to clone.
#[derive(Clone)]
pub struct World {
    /// The databases: for reading.
    pub store: Arc<Store>,
    /// Sealing and tags. Who opens was handed the right when the world was made; it is not here.
    pub keyring: Arc<Keyring>,
    /// The ledger.
    pub ledger: Ledger,
    /// Accounts, sessions, keys.
    pub identity: Arc<Identity>,
    /// Permits.
    pub desk: Arc<Desk>,
    /// Plaintext, against permits.
    pub vault: Arc<Vault>,
    /// Encrypted sums.
    pub statistics: Arc<Statistics>,
    /// What roles share.
    pub clinic: Arc<Clinic>,
}

impl World {
    /// Opens every room, from the bottom up, with the rules of all roles.
    ///
    /// # Errors
    /// The first room's that does not open.
    pub async fn open(opening: Opening, rules: Vec<Rule>) -> Result<Self, WorldError> {
        let (identity, lower) = (opening.identity.clone(), Lower::open(opening).await?);
        let Lower { store, keyring, unsealer, decryptor, ledger } = lower;
        let identity = Arc::new(
            Identity::new(store.clone(), keyring.clone(), unsealer.clone(), ledger.clone(), identity).await?,
        );
        let desk = Arc::new(Desk::new(rules, keyring.clone(), ledger.clone()));
        let vault = Arc::new(Vault::new(keyring.clone(), unsealer.clone()));
        let statistics = Arc::new(
            Statistics::open(store.clone(), keyring.clone(), unsealer, ledger.clone(), decryptor).await?,
        );
        // A statistic that can't be completed is no reason to keep doctors out: it is completed when asked again.
        match statistics.complete_pending().await {
            Ok(0) => {}
            Ok(completed) => {
                tracing::info!(completed, "answered statistics that were charged before the last stop");
            }
            Err(error) => tracing::error!(%error, "statistics that were charged could not be answered"),
        }
        let clinic = Arc::new(Clinic::new(
            store.clone(),
            keyring.clone(),
            ledger.clone(),
            vault.clone(),
            identity.clone(),
            desk.clone(),
        ));
        Ok(Self { store, keyring, ledger, identity, desk, vault, statistics, clinic })
    }

    /// The ledger alone, to be verified: it opens where a row of another room can't be believed any more.
    ///
    /// # Errors
    /// The lower rooms'; [`LedgerError::Broken`] where even the end of the chain is not what this server wrote.
    pub async fn open_ledger(opening: Opening) -> Result<Ledger, WorldError> {
        Ok(Lower::open(opening).await?.ledger)
    }

    /// One write transaction with a name, ended by its ledger entries. See [`Ledger::write`].
    ///
    /// # Errors
    /// The job's own; nothing is then written.
    pub async fn write<T, E, F>(&self, name: &'static str, job: F) -> Result<Written<T>, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<LedgerError> + Transient + Send + 'static,
    {
        self.ledger.write(name, job).await
    }

    /// Milliseconds UTC.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.keyring.around().now_ms()
    }

    /// Waits for the last checkpoint, then closes the databases.
    ///
    /// # Errors
    /// Where the checkpoint can't be read.
    pub async fn close(self) -> Result<(), WorldError> {
        self.ledger.settled().await?;
        self.store.close().await;
        Ok(())
    }
}

/// The rooms on which all others stand.
struct Lower {
    store: Arc<Store>,
    keyring: Arc<Keyring>,
    unsealer: Unsealer,
    decryptor: Decryptor,
    ledger: Ledger,
}

impl Lower {
    async fn open(opening: Opening) -> Result<Self, WorldError> {
        let store = Arc::new(Store::open(&opening.location).await?);
        let (keyring, unsealer) = Keyring::open(store.clone(), opening.around, &opening.master).await?;
        let keyring = Arc::new(keyring);
        let (decryptor, public) = Decryptor::open_or_create(&keyring).await?;
        let (key, open) = (keyring.clone(), unsealer.clone());
        let ledger = Ledger::open(store.clone(), key, open, opening.checkpoints, &public).await?;
        Ok(Self { store, keyring, unsealer, decryptor, ledger })
    }
}

//! The key tree: a master secret, the keys under it, and sealing with them.
//!
//! ```text
//! master secret (file or passphrase)
//!   └ PBKDF2 ─ KEK, one per master version, made once at start
//!       ├ wraps the system root ── HKDF by label ─ system keys (see [`SystemKey`])
//!       └ wraps each patient's key ── HKDF by label and fresh salt ─ one data key per write
//! ```
//!
//! Everyone above may [seal](Keyring::seal) and [tag rows](Keyring::tag); only the rooms that were handed the
//! [`Unsealer`] can open. It is made once, by [`Keyring::open`].
//!
//! To add a system key: a variant of [`SystemKey`], its line in ARCHITECTURE.md's table of labels.

mod master;
mod patient;
mod rows;
mod seal;
mod secrets;
mod system;

use std::{path::PathBuf, sync::Arc};

use crypto::key::Key;
use entity::{
    installation,
    keystore::{master_version, system_key},
};
use sea_orm::EntityTrait as _;
use secrecy::SecretString;
use uuid::Uuid;

use crate::store::{Store, StoreError, Surroundings};

pub use master::master_file;
pub use patient::PatientKey;
pub use rows::{Checked, IntegrityViolation, RowChange, Violation};
pub use seal::{OfPatient, OfSystem, Payload, Unsealer};
pub use system::SystemKey;

/// Where the master secret comes from.
#[derive(Debug)]
pub enum Master {
    /// A directory with one file per key version, readable by its owner only.
    Directory(PathBuf),
    /// A passphrase, from the environment.
    Passphrase(SecretString),
}

/// What can go wrong with keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The key store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file is gone while the database is not empty. It is never made anew.
    #[error(
        "master secret `{0}` is missing, but this database was sealed under it: restore the file from its backup"
    )]
    MasterMissing(PathBuf),
    /// Others can read the file.
    #[error("master secret `{0}` can be read by others: `chmod 600` it, and rotate it if somebody may have")]
    MasterExposed(PathBuf),
    /// The file can't be read, or holds something else.
    #[error("master secret `{0}` cannot be used: {1}")]
    MasterUnusable(PathBuf, String),
    /// The secret is not the one the database was sealed under.
    #[error("the master secret is not the one that this database was sealed under")]
    WrongMaster,
    /// The key store is empty while the database is not. It is never made anew.
    #[error(
        "the key store has lost the keys that this database was sealed under: restore it from its backup"
    )]
    KeysMissing,
    /// The patient's key is not in the key store: never made, or erased.
    #[error("the patient's key does not exist or was erased")]
    NoPatientKey,
    /// A row was changed by somebody without the keys.
    #[error(transparent)]
    Integrity(#[from] IntegrityViolation),
    /// A payload could not be written as JSON.
    #[error("a payload could not be encoded")]
    Encoding,
}

impl From<sea_orm::DbErr> for KeyringError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl From<crypto::envelope::OpenError> for KeyringError {
    fn from(_: crypto::envelope::OpenError) -> Self {
        Self::Integrity(IntegrityViolation::of_envelope())
    }
}

/// The open key tree.
#[derive(Debug)]
pub struct Keyring {
    store: Arc<Store>,
    around: Surroundings,
    kek: Key,
    kek_version: i64,
    root: Arc<system::Root>,
}

impl Keyring {
    /// Unlocks the key store with the master secret, or makes both where the key store is empty.
    /// The [`Unsealer`] is for the rooms that may open: ledger, identity, statistics, search, vault.
    ///
    /// # Errors
    /// [`KeyringError::MasterMissing`], [`KeyringError::MasterExposed`], [`KeyringError::WrongMaster`],
    /// [`KeyringError::KeysMissing`], and failures of the key store.
    pub async fn open(
        store: Arc<Store>,
        around: Surroundings,
        master: &Master,
    ) -> Result<(Self, Unsealer), KeyringError> {
        // In this order: another node may be founding, keys first.
        let founded = installation::Entity::find().one(store.read()).await?.is_some();
        let newest =
            master_version::Entity::find().all(store.keys()).await?.into_iter().max_by_key(|v| v.version);
        let (kek_version, kek) = match newest {
            Some(version) => (version.version, master::unlock(master, &version).await?),
            None if founded => return Err(KeyringError::KeysMissing),
            None => (1, master::found(&store, &around, master).await?),
        };
        let root = Arc::new(system::root(&store, &around, &kek, kek_version, founded).await?);
        let unsealer = Unsealer::new(root.clone());
        Ok((Self { store, around, kek, kek_version, root }, unsealer))
    }

    /// HMAC-SHA256 under a system key: what rows are found by, and what proves them.
    #[must_use]
    pub fn mac(&self, key: SystemKey, message: &[u8]) -> crypto::mac::Mac {
        crypto::mac::mac(self.root.key(key), message)
    }

    /// A stable id that tells nothing about what it stands for: a version-8 UUID from an HMAC.
    #[must_use]
    pub fn blind_id(&self, key: SystemKey, message: &[u8]) -> Uuid {
        let [bytes @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = self.mac(key, message);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// Time, randomness and costs, as this keyring was given them.
    #[must_use]
    pub fn around(&self) -> &Surroundings {
        &self.around
    }
}

/// Where a wrapped key belongs: its name stands for the row id.
fn wrapped_at<'a>(
    table: &'a str,
    name: &str,
    patient: Option<Uuid>,
    generation: i64,
) -> crypto::envelope::AssociatedData<'a> {
    let [row_id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = crypto::mac::sha256(name.as_bytes());
    crypto::envelope::AssociatedData {
        table,
        row_id,
        row_version: 1,
        column: "wrapped",
        patient: patient.map(Uuid::into_bytes),
        policy: "",
        key_generation: generation,
        schema_version: 1,
    }
}

/// Looks a named wrapped secret up.
async fn named(store: &Store, name: &str) -> Result<Option<system_key::Model>, KeyringError> {
    Ok(system_key::Entity::find_by_id(name.to_owned()).one(store.keys()).await?)
}

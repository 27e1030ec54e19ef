//! Plaintext exists only here and above. `open` takes a permit and what it opens; `verify` turns an opened, signed text
//! into one that is known to say what its row says.
//!
//! To add a sealed column: its marker in the entity crate, its payload in [`payload`], and `Opens` beside the actions
//! that may see it.

mod opened;
pub mod payload;
mod verified;

use std::{collections::HashMap, sync::Arc};

use entity::Sealed;
use uuid::Uuid;

use crate::{
    access::{Action, Opens, Permit},
    keyring::{Keyring, KeyringError, OfPatient, OfSystem, PatientKey, Unsealer},
};

pub use opened::Opened;
pub use verified::{SignatureFault, Verified};

/// Where sealed columns are opened.
#[derive(Debug)]
pub struct Vault {
    keyring: Arc<Keyring>,
    unsealer: Unsealer,
}

impl Vault {
    /// A vault over the open key tree.
    #[must_use]
    pub fn new(keyring: Arc<Keyring>, unsealer: Unsealer) -> Self {
        Self { keyring, unsealer }
    }

    /// The keys of these patients, looked up once: what a page or a write job opens with.
    ///
    /// # Errors
    /// As of the key store.
    pub async fn page(&self, patients: impl IntoIterator<Item = Uuid>) -> Result<Page, KeyringError> {
        let patients: Vec<Uuid> = patients.into_iter().collect();
        let keys = self.keyring.patients(&patients).await?;
        Ok(Page {
            unsealer: self.unsealer.clone(),
            keys: keys.into_iter().map(|(id, key)| (id, Arc::new(key))).collect(),
        })
    }

    /// Opens one column of the row that the permit is for. Row, version, patient and policy come from the permit: a permit
    /// for another row fails as if the column had been tampered with.
    ///
    /// # Errors
    /// [`KeyringError::NoPatientKey`] where the patient was erased, [`KeyringError::Integrity`] where it does not open.
    pub async fn open<A, P>(
        &self,
        sealed: &Sealed<P::Marker>,
        permit: &Permit<A>,
    ) -> Result<Opened<P>, KeyringError>
    where
        A: Opens<P>,
        P: OfPatient + zeroize::Zeroize,
    {
        self.page(permit.resource().patient).await?.open(sealed, permit)
    }

    /// Opens what is needed for deciding, before there can be a permit: a record's header, the medicine catalogue.
    ///
    /// # Errors
    /// [`KeyringError::Integrity`].
    pub fn header<P: Header>(
        &self,
        row: Uuid,
        version: i64,
        sealed: &Sealed<P::Marker>,
    ) -> Result<P, KeyringError> {
        self.unsealer.open(row, version, sealed)
    }
}

/// The keys of one page of records, wiped with it.
#[derive(Clone, Debug)]
pub struct Page {
    unsealer: Unsealer,
    keys: HashMap<Uuid, Arc<PatientKey>>,
}

impl Page {
    /// Opens one column of the row that the permit is for.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn open<A, P>(
        &self,
        sealed: &Sealed<P::Marker>,
        permit: &Permit<A>,
    ) -> Result<Opened<P>, KeyringError>
    where
        A: Opens<P>,
        P: OfPatient + zeroize::Zeroize,
    {
        self.open_at(permit.resource().version, sealed, permit)
    }

    /// The same row at a later version than the permit's: read again under lock, inside the write transaction.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn open_at<A, P>(
        &self,
        version: i64,
        sealed: &Sealed<P::Marker>,
        permit: &Permit<A>,
    ) -> Result<Opened<P>, KeyringError>
    where
        A: Opens<P>,
        P: OfPatient + zeroize::Zeroize,
    {
        let at = permit.resource();
        let key = at.patient.and_then(|patient| self.keys.get(&patient)).ok_or(KeyringError::NoPatientKey)?;
        self.unsealer.open_for(key, &at.policy, at.row, version, sealed).map(Opened::new)
    }

    /// A patient's key, to seal with and to name the ledger's subject.
    ///
    /// # Errors
    /// [`KeyringError::NoPatientKey`].
    pub fn key(&self, patient: Uuid) -> Result<Arc<PatientKey>, KeyringError> {
        self.keys.get(&patient).cloned().ok_or(KeyringError::NoPatientKey)
    }
}

/// System payloads that are not anybody's: opened for deciding, without a permit.
pub trait Header: OfSystem {}

/// An action that opens nothing opens nothing.
///
/// ```compile_fail
/// use medicrypt::{access::Permit, vault::{Vault, payload::RecordBody}};
/// medicrypt::action!(/** Opens nothing. */ Count = "COUNT" for "TREAT" by Doctor else Forbidden);
/// async fn peek(vault: &Vault, sealed: &entity::Sealed<entity::marker::RecordBody>, permit: &Permit<Count>) {
///     let _ = vault.open::<Count, RecordBody>(sealed, permit).await;
/// }
/// ```
///
/// The twin, which says that it does:
///
/// ```
/// use medicrypt::{access::{Opens, Permit}, vault::{Vault, payload::RecordBody}};
/// medicrypt::action!(/** Opens records. */ Read = "READ" for "TREAT" by Doctor else Forbidden);
/// impl Opens<RecordBody> for Read {}
/// async fn peek(vault: &Vault, sealed: &entity::Sealed<entity::marker::RecordBody>, permit: &Permit<Read>) {
///     let _ = vault.open::<Read, RecordBody>(sealed, permit).await;
/// }
/// ```
const fn _contracts<A: Action>() {}

//! Sealing typed payloads into typed columns, and, for those who hold the [`Unsealer`], opening them.
//!
//! A sealed column is the row version at which it was sealed (8 bytes, most significant first), then the envelope,
//! whose associated data name that version. So a status change need not seal the whole row anew; that a column is the
//! one which belongs in the present version is for the row's tag to say, which covers them all.

use std::sync::Arc;

use crypto::envelope::{self, AssociatedData};
use entity::Sealed;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{IntegrityViolation, Keyring, KeyringError, PatientKey, SystemKey, system::Root};

/// Format of the JSON inside.
const SCHEMA: u16 = 1;

/// A plaintext that is kept in one sealed column.
pub trait Payload: Serialize + DeserializeOwned + Send + 'static {
    /// The entity crate's name for it.
    type Marker;
    /// Table of that column.
    const TABLE: &'static str;
    /// The column.
    const COLUMN: &'static str;
}

/// A payload under a patient's key.
pub trait OfPatient: Payload {}

/// A payload under a system key.
pub trait OfSystem: Payload {
    /// Which one.
    const KEY: SystemKey;
}

impl Keyring {
    /// Seals what belongs to no patient.
    ///
    /// # Errors
    /// [`KeyringError::Encoding`].
    pub fn seal<P: OfSystem>(
        &self,
        row: Uuid,
        version: i64,
        payload: &P,
    ) -> Result<Sealed<P::Marker>, KeyringError> {
        let place = place::<P>(row, version, None, "");
        let text = encode(payload)?;
        let envelope =
            envelope::seal(self.root.key(P::KEY), P::KEY.label(), &place, &text, &mut self.around.rng());
        Ok(at_version(version, &envelope))
    }

    /// Seals what is the patient's, under the record's policy.
    ///
    /// # Errors
    /// [`KeyringError::Encoding`].
    pub fn seal_for<P: OfPatient>(
        &self,
        key: &PatientKey,
        policy: &str,
        row: Uuid,
        version: i64,
        payload: &P,
    ) -> Result<Sealed<P::Marker>, KeyringError> {
        let place = place::<P>(row, version, Some(key), policy);
        let text = encode(payload)?;
        let envelope = envelope::seal(key.key(), &label::<P>(), &place, &text, &mut self.around.rng());
        Ok(at_version(version, &envelope))
    }
}

/// The right to open. Not a method of [`Keyring`]: who was not handed one cannot decrypt.
#[derive(Clone, Debug)]
pub struct Unsealer {
    root: Arc<Root>,
}

impl Unsealer {
    pub(super) fn new(root: Arc<Root>) -> Self {
        Self { root }
    }

    /// Opens what belongs to no patient.
    ///
    /// # Errors
    /// [`KeyringError::Integrity`] where it was changed, moved or rolled back.
    pub fn open<P: OfSystem>(
        &self,
        row: Uuid,
        version: i64,
        sealed: &Sealed<P::Marker>,
    ) -> Result<P, KeyringError> {
        let (sealed_at, envelope) = parts::<P>(row, version, sealed)?;
        let place = place::<P>(row, sealed_at, None, "");
        decode::<P>(row, &envelope::open(self.root.key(P::KEY), P::KEY.label(), &place, envelope))
    }

    /// Opens what is the patient's.
    ///
    /// # Errors
    /// [`KeyringError::Integrity`] where it was changed, moved, rolled back, or sealed under another policy.
    pub fn open_for<P: OfPatient>(
        &self,
        key: &PatientKey,
        policy: &str,
        row: Uuid,
        version: i64,
        sealed: &Sealed<P::Marker>,
    ) -> Result<P, KeyringError> {
        let (sealed_at, envelope) = parts::<P>(row, version, sealed)?;
        let place = place::<P>(row, sealed_at, Some(key), policy);
        decode::<P>(row, &envelope::open(key.key(), &label::<P>(), &place, envelope))
    }
}

fn at_version<M>(version: i64, envelope: &[u8]) -> Sealed<M> {
    Sealed::new([&version.to_be_bytes(), envelope].concat())
}

/// The version it was sealed at, which can't be later than the row's, and the envelope.
fn parts<P: Payload>(
    row: Uuid,
    version: i64,
    sealed: &Sealed<P::Marker>,
) -> Result<(i64, &[u8]), IntegrityViolation> {
    let (sealed_at, envelope) = sealed
        .ciphertext()
        .split_first_chunk()
        .ok_or_else(|| IntegrityViolation::in_column(P::TABLE, P::COLUMN, row))?;
    let sealed_at = i64::from_be_bytes(*sealed_at);
    if sealed_at > version {
        return Err(IntegrityViolation::in_column(P::TABLE, P::COLUMN, row));
    }
    Ok((sealed_at, envelope))
}

fn place<'a, P: Payload>(
    row: Uuid,
    version: i64,
    key: Option<&PatientKey>,
    policy: &'a str,
) -> AssociatedData<'a> {
    AssociatedData {
        table: P::TABLE,
        row_id: row.into_bytes(),
        row_version: version,
        column: P::COLUMN,
        patient: key.map(|key| key.patient().into_bytes()),
        policy,
        key_generation: key.map_or(1, PatientKey::generation),
        schema_version: SCHEMA,
    }
}

fn label<P: Payload>() -> String {
    format!("medicrypt/patient/{}.{}/v1", P::TABLE, P::COLUMN)
}

fn encode<P: Payload>(payload: &P) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    serde_json::to_vec(payload).map(Zeroizing::new).map_err(|_| KeyringError::Encoding)
}

fn decode<P: Payload>(
    row: Uuid,
    opened: &Result<Zeroizing<Vec<u8>>, envelope::OpenError>,
) -> Result<P, KeyringError> {
    let refused = || IntegrityViolation::in_column(P::TABLE, P::COLUMN, row);
    let text = opened.as_ref().map_err(|_| refused())?;
    Ok(serde_json::from_slice(text).map_err(|_| refused())?)
}

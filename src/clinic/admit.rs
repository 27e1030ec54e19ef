//! Admitting a patient: a key of their own first, then the row under it.

use std::sync::Arc;

use entity::patient;

use super::{Clinic, ClinicError};
use crate::{
    identity::{PatientDetails, Profile},
    keyring::PatientKey,
    ledger::Tx,
    vault::payload::Demographics,
};

/// A patient about to be admitted: the key is made, the row is not written yet. Should the write fail, the key stays behind
/// and opens nothing.
#[derive(Clone)]
pub struct Admission {
    row: patient::Model,
    key: Arc<PatientKey>,
}

impl Admission {
    /// The profile of the patient's account, if they get one.
    #[must_use]
    pub fn profile(&self) -> Profile {
        Profile::Patient(self.key.clone(), PatientDetails { self_registered: false })
    }

    /// The patient's id.
    #[must_use]
    pub fn patient(&self) -> uuid::Uuid {
        self.row.id
    }

    /// The patient's key.
    #[must_use]
    pub fn key(&self) -> &Arc<PatientKey> {
        &self.key
    }
}

impl Clinic {
    /// Makes the key and seals the row.
    ///
    /// # Errors
    /// As of the key store.
    pub async fn prepare_admission(&self, who: Demographics) -> Result<Admission, ClinicError> {
        let id = self.keyring.around().uuid();
        self.keyring.create_patients(&[id]).await?;
        let key = Arc::new(self.keyring.patient(id).await?);
        let row = patient::Model {
            id,
            source_tag: None,
            key_generation: key.generation(),
            demographics: self.keyring.seal_for(&key, "", id, 1, &who)?,
            created_ms: self.keyring.around().now_ms(),
            version: 1,
            tag: Vec::new(),
        };
        Ok(Admission { row, key })
    }

    /// Writes the row in the caller's transaction; the caller appends the entry.
    ///
    /// # Errors
    /// As of the database.
    pub async fn admit(&self, tx: &mut Tx, admission: &Admission) -> Result<(), ClinicError> {
        tx.insert(admission.row.clone()).await?;
        Ok(())
    }
}

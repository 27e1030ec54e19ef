//! One random key per patient, wrapped, in the key store: with it goes everything that was sealed for the patient.

use std::collections::HashMap;

use crypto::{envelope, key::Key};
use entity::keystore::patient_key;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, sea_query::OnConflict,
};
use uuid::Uuid;

use super::{Keyring, KeyringError, wrapped_at};

const WRAP: &str = "medicrypt/wrap-patient/v1";
const LOG: &str = "medicrypt/patient/log/v1";
/// SQLite and PostgreSQL both take more parameters than this in one statement.
const PAGE: usize = 500;

/// A patient's unwrapped key. Held for one request, wiped after.
#[derive(Debug)]
pub struct PatientKey {
    patient: Uuid,
    generation: i64,
    key: Key,
}

impl PatientKey {
    /// Whose it is.
    #[must_use]
    pub fn patient(&self) -> Uuid {
        self.patient
    }

    /// Which key of that patient it is, from 1.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// The tag of the patient's `j`-th entry in the ledger, from 0: unlinkable without this key.
    #[must_use]
    pub fn subject_tag(&self, j: u64) -> crypto::mac::Mac {
        crypto::mac::mac(&self.key.derive(LOG, &[]), &j.to_be_bytes())
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }
}

impl Keyring {
    /// Makes the keys of new patients. One that has a key keeps it.
    ///
    /// # Errors
    /// Where the key store fails.
    pub async fn create_patients(&self, patients: &[Uuid]) -> Result<(), KeyringError> {
        for page in patients.chunks(PAGE) {
            let rows = page.iter().map(|&patient| {
                let key = Key::random(&mut self.around.rng());
                let place = wrapped_at("patient_key", "", Some(patient), 1);
                let wrapped = envelope::seal(&self.kek, WRAP, &place, key.expose(), &mut self.around.rng());
                patient_key::Model {
                    patient_id: patient,
                    generation: 1,
                    kek_version: self.kek_version,
                    wrapped,
                }
                .into_active_model()
            });
            let keep = OnConflict::column(patient_key::Column::PatientId).do_nothing().to_owned();
            patient_key::Entity::insert_many(rows)
                .on_conflict(keep)
                .exec_without_returning(self.store.keys())
                .await?;
        }
        Ok(())
    }

    /// One patient's key.
    ///
    /// # Errors
    /// [`KeyringError::NoPatientKey`], and failures of the key store.
    pub async fn patient(&self, patient: Uuid) -> Result<PatientKey, KeyringError> {
        self.patients(&[patient]).await?.remove(&patient).ok_or(KeyringError::NoPatientKey)
    }

    /// The keys of several patients, those that have one, in one statement per 500.
    ///
    /// # Errors
    /// Where the key store fails or a wrapped key was changed.
    pub async fn patients(&self, patients: &[Uuid]) -> Result<HashMap<Uuid, PatientKey>, KeyringError> {
        let mut keys = HashMap::with_capacity(patients.len());
        for page in patients.chunks(PAGE) {
            let wanted = patient_key::Column::PatientId.is_in(page.iter().copied());
            for row in patient_key::Entity::find().filter(wanted).all(self.store.keys()).await? {
                keys.insert(row.patient_id, self.unwrap(&row)?);
            }
        }
        Ok(keys)
    }

    fn unwrap(&self, row: &patient_key::Model) -> Result<PatientKey, KeyringError> {
        let place = wrapped_at("patient_key", "", Some(row.patient_id), row.generation);
        let key = envelope::open(&self.kek, WRAP, &place, &row.wrapped)?;
        let key = key.as_slice().try_into().map(Key::from_bytes).map_err(|_| KeyringError::NoPatientKey)?;
        Ok(PatientKey { patient: row.patient_id, generation: row.generation, key })
    }
}

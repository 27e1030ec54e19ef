//! One vital on its way into the sums: clamped to the public range, taken off the public centre, packed and encrypted.

use std::sync::Arc;

use crypto::paillier::{Encryptor, PublicKey, pack};
use entity::{RecordStatus, Sealed, marker, vital};
use rand::CryptoRng;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use uuid::Uuid;

use super::{Metric, Statistics, StatisticsError};
use crate::{keyring::Checked, ledger::Tx, store::Surroundings};

/// The packing of `crypto::paillier::pack` with the ranges, centres and bins of [`Metric`] as they are now.
pub const LAYOUT: i32 = 1;

/// Encrypts vitals for the sums; holds the public key only. Cheap to clone.
#[derive(Clone)]
pub struct Vitals {
    encryptor: Arc<Encryptor>,
    fingerprint: [u8; 32],
}

/// A measurement that is to become a row.
#[derive(Debug)]
pub struct Measured {
    /// Random id of the row.
    pub id: Uuid,
    /// Whose it is.
    pub patient: Uuid,
    /// The record it was taken for.
    pub record: Option<Uuid>,
    /// What was measured.
    pub metric: Metric,
    /// When it was measured, in milliseconds UTC.
    pub effective_ms: i64,
    /// When it is recorded, in milliseconds UTC.
    pub recorded_ms: i64,
    /// The true value, under the patient's key.
    pub value: Sealed<marker::VitalValue>,
    /// What [`Vitals::encrypt`] made of the same value.
    pub ciphertext: Vec<u8>,
}

impl Vitals {
    /// Builds the tables of a public key, as the installation's row has it. Some 20 ms of computing.
    ///
    /// # Errors
    /// Bytes that are no key.
    pub fn new(public: &[u8]) -> Result<Self, StatisticsError> {
        let key = PublicKey::from_bytes(public)?;
        Ok(Self { encryptor: Arc::new(Encryptor::new(&key)), fingerprint: key.fingerprint() })
    }

    /// The ciphertext of a fixed-point value, drawn into the metric's public range first. Some milliseconds of computing.
    ///
    /// # Errors
    /// None that a value could provoke.
    pub fn encrypt(
        &self,
        metric: Metric,
        fixed: i64,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, StatisticsError> {
        let plaintext = pack(metric.clamp(fixed) - metric.centre(), metric.bin(fixed))?;
        Ok(self.encryptor.encrypt(&plaintext, rng)?.to_bytes())
    }

    /// Many at once, on all cores, in the same order. Blocks: for `spawn_blocking` or the command line.
    ///
    /// # Errors
    /// As [`Vitals::encrypt`].
    pub fn encrypt_all(
        &self,
        values: &[(Metric, i64)],
        around: &Surroundings,
    ) -> Result<Vec<Vec<u8>>, StatisticsError> {
        values
            .par_iter()
            .map_init(|| around.rng(), |rng, &(metric, fixed)| self.encrypt(metric, fixed, rng))
            .collect()
    }

    /// The row of a measurement, counted in `epoch`: see [`Statistics::open_epoch`].
    #[must_use]
    pub fn row(&self, measured: Measured, epoch: i64) -> vital::Model {
        vital::Model {
            id: measured.id,
            patient_id: measured.patient,
            record_id: measured.record,
            metric: measured.metric.loinc().to_owned(),
            effective_ms: measured.effective_ms,
            recorded_ms: measured.recorded_ms,
            epoch,
            value: measured.value,
            ciphertext: measured.ciphertext,
            layout: LAYOUT,
            key_fingerprint: self.fingerprint.to_vec(),
            status: RecordStatus::Current,
            version: 1,
            tag: Vec::new(),
        }
    }
}

impl Statistics {
    /// Encrypts under this installation's key.
    #[must_use]
    pub fn vitals(&self) -> Vitals {
        Vitals { encryptor: self.decryptor.encryptor(), fingerprint: self.key.fingerprint() }
    }

    /// Takes a vital out of what counts (amended, entered in error): from the open epoch on the patient's next-latest
    /// value counts in its place. Inside the caller's transaction, which appends the entry.
    ///
    /// # Errors
    /// [`StatisticsError::NotCurrent`]: this is done once. Otherwise as of the ledger.
    pub async fn retire(
        &self,
        tx: &mut Tx,
        vital: &Checked<vital::Model>,
        status: RecordStatus,
    ) -> Result<Checked<vital::Model>, StatisticsError> {
        if vital.status != RecordStatus::Current || status == RecordStatus::Current {
            return Err(StatisticsError::NotCurrent);
        }
        let epoch = self.open_epoch(tx).await?;
        Ok(tx.update(vital, |row| (row.status, row.epoch) = (status, epoch)).await?)
    }
}

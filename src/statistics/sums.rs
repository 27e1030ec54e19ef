//! The encrypted sums: each patient's latest value of a metric, multiplied together. A closing multiplies only what the epoch
//! changed, new · old⁻¹ mod n²; verifying multiplies everything again, and compares ciphertexts. Neither decrypts.

use std::collections::HashMap;

use crypto::{
    encoding::Encoder,
    paillier::{Ciphertext, PublicKey, Sum},
};
use entity::{RecordStatus, statistic_sum, vital};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{LAYOUT, Metric, Statistics, StatisticsError, held::TRIES, payload::StatisticSum};
use crate::{
    keyring::{Checked, Violation},
    ledger::LedgerError,
};

/// Patients whose vitals are read at once.
const PAGE: usize = 200;

/// Whether one metric's sum is the product of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumVerdict {
    /// The metric.
    pub metric: Metric,
    /// The epoch as of which.
    pub epoch: i64,
    /// Whether the recomputed product is the same ciphertext.
    pub holds: bool,
}

/// A vital, and where the ledger has its first version; asked only of those that are not current any more.
struct Known {
    row: Checked<vital::Model>,
    made: Option<i64>,
}

/// The end of an epoch: its number, and the ledger index at which the next one was opened.
#[derive(Clone, Copy)]
struct End {
    epoch: i64,
    index: i64,
}

impl Statistics {
    /// Recomputes every sum from the vitals' ciphertexts and compares; never decrypts. `progress` hears patients done and
    /// to do.
    ///
    /// # Errors
    /// [`StatisticsError::NoClosedEpoch`]; a row that was edited, rolled back or deleted.
    pub async fn verify_sums(
        &self,
        progress: impl Fn(Metric, usize, usize) + Send + Sync,
    ) -> Result<Vec<SumVerdict>, StatisticsError> {
        let mut verdicts = Vec::with_capacity(Metric::ALL.len());
        for metric in Metric::ALL {
            let (_, sum) = self.sum(metric).await?.ok_or(StatisticsError::NoClosedEpoch)?;
            let end = self.end(sum.epoch).await?;
            let patients = self.patients(metric, 0).await?;
            let mut product = Sum::new(&self.key);
            for (page, done) in patients.chunks(PAGE).zip((1..).map(|pages| pages * PAGE)) {
                let (_, part) = self.latest_of(metric, page, [None, Some(end)]).await?;
                product.merge(&part)?;
                progress(metric, done.min(patients.len()), patients.len());
            }
            let holds = product.total().to_bytes() == sum.ciphertext;
            verdicts.push(SumVerdict { metric, epoch: sum.epoch, holds });
        }
        Ok(verdicts)
    }

    /// The sum of a metric as it was last closed.
    pub(super) async fn sum(
        &self,
        metric: Metric,
    ) -> Result<Option<(Checked<statistic_sum::Model>, StatisticSum)>, StatisticsError> {
        let Some(row) = self.held::<statistic_sum::Model>(self.derived(&label(metric)).0).await? else {
            return Ok(None);
        };
        let sum = self.unsealer.open(row.id, row.version, &row.value)?;
        Ok(Some((row, sum)))
    }

    /// What a sum is after the end of `epoch`, by the changes since it was last closed.
    pub(super) async fn advanced(
        &self,
        metric: Metric,
        there: Option<&(Checked<statistic_sum::Model>, StatisticSum)>,
        epoch: i64,
    ) -> Result<Ciphertext, StatisticsError> {
        let (from, mut total) = match there {
            Some((_, sum)) => (sum.epoch, Ciphertext::parse(&sum.ciphertext, &self.key)?),
            None => (0, self.key.zero()),
        };
        let before = if from == 0 { None } else { Some(self.end(from).await?) };
        let after = self.end(epoch).await?;
        let (mut lost, mut gained) = (Sum::new(&self.key), Sum::new(&self.key));
        for page in self.patients(metric, from + 1).await?.chunks(PAGE) {
            let (old, new) = self.latest_of(metric, page, [before, Some(after)]).await?;
            lost.merge(&old)?;
            gained.merge(&new)?;
        }
        total = self.key.add(&total, &gained.total())?;
        Ok(self.key.subtract(&total, &lost.total())?)
    }

    /// The row of a sum's next version.
    pub(super) fn sum_row(
        &self,
        metric: Metric,
        there: Option<&(Checked<statistic_sum::Model>, StatisticSum)>,
        sum: &StatisticSum,
    ) -> Result<statistic_sum::Model, StatisticsError> {
        let (id, label_tag) = self.derived(&label(metric));
        let version = there.map_or(1, |(row, _)| row.version + 1);
        let value = self.keyring.seal(id, version, sum)?;
        Ok(statistic_sum::Model { id, label_tag, epoch: sum.epoch, value, version, tag: Vec::new() })
    }

    async fn end(&self, epoch: i64) -> Result<End, StatisticsError> {
        let index = self.ledger.index_of("epoch", self.epoch_id(epoch + 1), 1).await?;
        let index = index.ok_or(StatisticsError::NoClosedEpoch)?;
        Ok(End { epoch, index })
    }

    /// Who has vitals of a metric that were made or retired in an epoch from this one on.
    async fn patients(&self, metric: Metric, from_epoch: i64) -> Result<Vec<Uuid>, StatisticsError> {
        let patients = vital::Entity::find()
            .select_only()
            .column(vital::Column::PatientId)
            .distinct()
            .filter(vital::Column::Metric.eq(metric.loinc()))
            .filter(vital::Column::Epoch.gte(from_epoch))
            .order_by_asc(vital::Column::PatientId);
        Ok(patients.into_tuple().all(self.store.read()).await?)
    }

    /// The products of the patients' latest ciphertexts at two times; those that are the same at both are left out.
    async fn latest_of(
        &self,
        metric: Metric,
        patients: &[Uuid],
        times: [Option<End>; 2],
    ) -> Result<(Sum, Sum), StatisticsError> {
        let rows = self.known(metric, patients).await?;
        let key = self.key.clone();
        spawn_blocking(move || products(&key, &rows, times)).await?
    }

    /// All vitals of these patients, checked and held; by patient.
    async fn known(&self, metric: Metric, patients: &[Uuid]) -> Result<Vec<Known>, StatisticsError> {
        let mut attempt = 0;
        let rows = loop {
            let rows = vital::Entity::find()
                .filter(vital::Column::Metric.eq(metric.loinc()))
                .filter(vital::Column::PatientId.is_in(patients.iter().copied()))
                .order_by_asc(vital::Column::PatientId)
                .all(self.store.read())
                .await?;
            let rows = self.keyring.check_all(rows)?;
            attempt += 1;
            match self.ledger.hold_all(self.store.read(), &rows).await {
                // Somebody may have retired one since it was read.
                Err(LedgerError::Integrity(violation))
                    if violation.kind == Violation::Stale && attempt < TRIES => {}
                held => break held.map(|_| rows)?,
            }
        };
        let mut made = HashMap::new();
        for row in rows.iter().filter(|row| row.status != RecordStatus::Current) {
            made.insert(row.id, self.ledger.index_of("vital", row.id, 1).await?);
        }
        Ok(rows.into_iter().map(|row| Known { made: made.get(&row.id).copied().flatten(), row }).collect())
    }
}

fn products(key: &PublicKey, rows: &[Known], times: [Option<End>; 2]) -> Result<(Sum, Sum), StatisticsError> {
    let (mut lost, mut gained) = (Sum::new(key), Sum::new(key));
    for patient in rows.chunk_by(|a, b| a.row.patient_id == b.row.patient_id) {
        let [before, after] = times.map(|time| time.and_then(|time| latest(patient, time)));
        if before.map(|row| row.id) != after.map(|row| row.id) {
            before.map_or(Ok(()), |row| lost.add(&parsed(key, row)?).map_err(StatisticsError::from))?;
            after.map_or(Ok(()), |row| gained.add(&parsed(key, row)?).map_err(StatisticsError::from))?;
        }
    }
    Ok((lost, gained))
}

/// The one value by which a patient counted at that time: the latest by effective time, then by recording, then by id.
fn latest(patient: &[Known], time: End) -> Option<&vital::Model> {
    let counted = patient.iter().filter(|known| known.was_current(time)).map(|known| &*known.row);
    counted.max_by_key(|row| (row.effective_ms, row.recorded_ms, row.id))
}

impl Known {
    /// A current row counts from its epoch on. One that was retired carries the epoch in which it was: it counted before,
    /// if the ledger had it when the later epoch began.
    fn was_current(&self, time: End) -> bool {
        match self.row.status {
            RecordStatus::Current => self.row.epoch <= time.epoch,
            _ => self.row.epoch > time.epoch && self.made.is_some_and(|made| made < time.index),
        }
    }
}

fn parsed(key: &PublicKey, row: &vital::Model) -> Result<Ciphertext, StatisticsError> {
    if row.layout != LAYOUT || row.key_fingerprint != key.fingerprint() {
        return Err(StatisticsError::OtherLayout(row.id));
    }
    Ciphertext::parse(&row.ciphertext, key).map_err(|refused| StatisticsError::Vital(row.id, refused))
}

/// What a metric's sum over all time and all patients is found by.
fn label(metric: Metric) -> Vec<u8> {
    Encoder::new("medicrypt/statistic-sum/v1")
        .str(metric.loinc())
        .str("all time")
        .str("all patients")
        .finish()
}

//! How many entries a patient already has. No counter is stored, which would show who is looked at most: the number is
//! found by asking which of the patient's tags exist, and remembered while the process runs.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use entity::ledger;
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use uuid::Uuid;

use super::LedgerError;
use crate::keyring::PatientKey;

/// Tags asked for per patient and round.
const PROBES: u64 = 8;
/// Tags of one statement.
const PAGE: usize = 1_000;
/// Patients remembered before all are forgotten.
const REMEMBERED: usize = 100_000;

/// Lower bounds of what is committed; another node may have added more.
#[derive(Debug, Default)]
pub(super) struct Subjects(Mutex<HashMap<Uuid, u64>>);

/// Entries are known to exist below `low`, and not to from `high` on.
#[derive(Clone, Copy)]
struct Bounds {
    low: u64,
    high: Option<u64>,
    /// How far the next gallop reaches: 256 times as far as the last.
    stride: u64,
}

impl Bounds {
    fn from(low: u64) -> Self {
        Self { low, high: None, stride: 1 }
    }

    fn meet(self) -> bool {
        self.high == Some(self.low)
    }

    /// Gallops while there is no upper bound, then divides.
    fn probes(self) -> Vec<u64> {
        match self.high {
            _ if self.meet() => Vec::new(),
            None => (0..PROBES).map(|k| self.low + (self.stride << k) - 1).collect(),
            Some(high) => {
                let step = (high - self.low).div_ceil(PROBES).max(1);
                (self.low..high).step_by(usize::try_from(step).unwrap_or(usize::MAX)).collect()
            }
        }
    }

    fn learn(&mut self, j: u64, exists: bool) {
        if exists {
            self.low = self.low.max(j + 1);
        } else {
            self.high = Some(self.high.map_or(j, |high| high.min(j)));
        }
    }

    fn next_round(&mut self) {
        // 256^5 entries of one patient are out of reach: no overflow.
        self.stride = self.stride.saturating_mul(1 << PROBES).min(1 << 40);
    }
}

impl Subjects {
    /// The number of the next entry of each patient.
    pub(super) async fn next(
        &self,
        connection: &impl ConnectionTrait,
        patients: impl Iterator<Item = &Arc<PatientKey>>,
    ) -> Result<HashMap<Uuid, u64>, LedgerError> {
        let mut searches: HashMap<Uuid, (&PatientKey, Bounds)> = patients
            .map(|key| (key.patient(), (key.as_ref(), Bounds::from(self.known(key.patient())))))
            .collect();
        while searches.values().any(|(_, bounds)| !bounds.meet()) {
            let probes: Vec<(Uuid, u64, Vec<u8>)> = searches
                .values()
                .flat_map(|(key, bounds)| {
                    bounds.probes().into_iter().map(|j| (key.patient(), j, key.subject_tag(j).to_vec()))
                })
                .collect();
            let existing = existing(connection, &probes).await?;
            for (patient, j, tag) in &probes {
                if let Some((_, bounds)) = searches.get_mut(patient) {
                    bounds.learn(*j, existing.contains(tag));
                }
            }
            for (_, bounds) in searches.values_mut() {
                bounds.next_round();
            }
        }
        Ok(searches.into_iter().map(|(patient, (_, bounds))| (patient, bounds.low)).collect())
    }

    /// Remembers what a commit made true.
    pub(super) fn learn(&self, counts: &HashMap<Uuid, u64>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > REMEMBERED {
            known.clear();
        }
        known.extend(counts);
    }

    fn known(&self, patient: Uuid) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&patient).copied().unwrap_or(0)
    }
}

async fn existing(
    connection: &impl ConnectionTrait,
    probes: &[(Uuid, u64, Vec<u8>)],
) -> Result<HashSet<Vec<u8>>, LedgerError> {
    let mut found = HashSet::new();
    for page in probes.chunks(PAGE) {
        let tags = page.iter().map(|(_, _, tag)| tag.clone());
        let rows: Vec<Option<Vec<u8>>> = ledger::Entity::find()
            .select_only()
            .column(ledger::Column::SubjectTag)
            .filter(ledger::Column::SubjectTag.is_in(tags))
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(rows.into_iter().flatten());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_ends_at_the_true_count_from_any_start() {
        for count in (0..70).chain([255, 256, 1000, 100_000]) {
            for known in [0, count / 2, count] {
                let (mut bounds, mut rounds) = (Bounds::from(known), 0);
                while !bounds.meet() {
                    rounds += 1;
                    assert!(rounds < 30, "no end for {count} from {known}");
                    for j in bounds.probes() {
                        bounds.learn(j, j < count);
                    }
                    bounds.next_round();
                }
                assert_eq!(bounds.low, count);
            }
        }
    }
}

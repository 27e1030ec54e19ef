//! A hospital for the tests of statistics: patients, measurements in steps of a metric, and one Paillier key for the whole
//! test binary, because making one takes seconds.
#![allow(dead_code, reason = "not every test file uses every helper")]

use std::sync::{Arc, OnceLock};

use crypto::paillier::{KeySize, SecretKey};
use entity::{RecordStatus, Role, Sealed, patient, vital};
use medicrypt::{
    keyring::{Checked, Keyring, Master, Unsealer},
    ledger::{By, Draft, Ledger, Outcome},
    statistics::{
        Answer, Decryptor, Kind, Limits, Measured, Metric, Question, Statistics, StatisticsError, Vitals,
    },
    store::{Clock, Store, Strength, Surroundings, SystemClock},
};
use uuid::Uuid;

use crate::support::TestDb;

/// Epsilon so large that noise is next to nothing: to see what is counted, not how well it is hidden.
pub(crate) const CLEAR: u32 = 1_000_000;
/// A budget that never ends.
pub(crate) const ENDLESS: Limits =
    Limits { dataset_milli: i64::MAX / 2, analyst_milli: i64::MAX / 2, query_milli: CLEAR };

/// One server process with open statistics.
pub(crate) struct Ward {
    pub(crate) store: Arc<Store>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) unsealer: Unsealer,
    pub(crate) ledger: Ledger,
    pub(crate) statistics: Arc<Statistics>,
    pub(crate) vitals: Vitals,
    pub(crate) analyst: Uuid,
}

impl Ward {
    pub(crate) async fn open(db: &TestDb, limits: Limits) -> Self {
        Self::open_at(db, limits, Arc::new(SystemClock)).await
    }

    pub(crate) async fn open_at(db: &TestDb, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let store = Arc::new(Store::open(db.location()).await.unwrap());
        let around = Surroundings::new(clock, Strength::TESTS);
        let (keyring, unsealer) =
            Keyring::open(store.clone(), around, &Master::Directory(db.master())).await.unwrap();
        let keyring = Arc::new(keyring);
        if keyring.secret("paillier").await.unwrap().is_none() {
            keyring.keep_secret("paillier", shared_key()).await.unwrap();
        }
        let (decryptor, public) = Decryptor::open_or_create(&keyring).await.unwrap();
        let ledger =
            Ledger::open(store.clone(), keyring.clone(), unsealer.clone(), db.checkpoints(), &public)
                .await
                .unwrap();
        let opened =
            Statistics::open(store.clone(), keyring.clone(), unsealer.clone(), ledger.clone(), decryptor)
                .await
                .unwrap();
        let statistics = Arc::new(opened.with_limits(limits));
        let vitals = statistics.vitals();
        Self { store, keyring, unsealer, ledger, statistics, vitals, analyst: Uuid::from_u128(7) }
    }

    pub(crate) async fn close(self) {
        self.ledger.settled().await.unwrap();
        self.store.close().await;
    }

    pub(crate) fn by(&self) -> By {
        By::Account(self.analyst, Role::Admin)
    }

    /// New patients.
    pub(crate) async fn admit(&self, number: usize) -> Vec<Uuid> {
        let ids: Vec<Uuid> = (0..number).map(|_| Uuid::new_v4()).collect();
        let row = |id: &Uuid| patient::Model {
            id: *id,
            source_tag: None,
            key_generation: 1,
            demographics: Sealed::new(vec![0; 64]),
            created_ms: 0,
            version: 1,
            tag: Vec::new(),
        };
        let rows: Vec<_> = ids.iter().map(row).collect();
        self.ledger
            .write("admit", move |tx| {
                let rows = rows.clone();
                Box::pin(async move {
                    tx.insert_all(rows).await?;
                    tx.append(Draft::new(By::System, "ADMITTED", Outcome::Done));
                    Ok::<_, StatisticsError>(())
                })
            })
            .await
            .unwrap();
        ids
    }

    /// One measurement of each patient, in fixed-point steps, all at this time.
    pub(crate) async fn measure(
        &self,
        metric: Metric,
        time_ms: i64,
        values: &[(Uuid, i64)],
    ) -> Vec<Checked<vital::Model>> {
        let steps: Vec<_> = values.iter().map(|(_, value)| (metric, *value)).collect();
        let ciphertexts = self.vitals.encrypt_all(&steps, self.keyring.around()).unwrap();
        let rows = values.iter().zip(ciphertexts).map(|((patient, _), ciphertext)| {
            let measured = Measured {
                id: Uuid::new_v4(),
                patient: *patient,
                record: None,
                metric,
                effective_ms: time_ms,
                recorded_ms: time_ms,
                value: Sealed::new(vec![0; 64]),
                ciphertext,
            };
            self.vitals.row(measured, 0)
        });
        self.plant(rows.collect()).await.unwrap()
    }

    /// Writes vitals as the server would, in the epoch that is open.
    pub(crate) async fn plant(
        &self,
        rows: Vec<vital::Model>,
    ) -> Result<Vec<Checked<vital::Model>>, StatisticsError> {
        let statistics = self.statistics.clone();
        let written = self
            .ledger
            .write("measure", move |tx| {
                let (mut rows, statistics) = (rows.clone(), statistics.clone());
                Box::pin(async move {
                    let epoch = statistics.open_epoch(tx).await?;
                    for row in &mut rows {
                        row.epoch = epoch;
                    }
                    let rows = tx.insert_all(rows).await?;
                    tx.append(Draft::new(By::System, "MEASURED", Outcome::Done));
                    Ok::<_, StatisticsError>(rows)
                })
            })
            .await?;
        Ok(written.value)
    }

    /// Marks a vital as entered in error.
    pub(crate) async fn retire(&self, vital: &Checked<vital::Model>) -> Result<(), StatisticsError> {
        let (statistics, vital) = (self.statistics.clone(), vital.clone());
        let written = self
            .ledger
            .write("retire", move |tx| {
                let (statistics, vital) = (statistics.clone(), vital.clone());
                Box::pin(async move {
                    statistics.retire(tx, &vital, RecordStatus::EnteredInError).await?;
                    tx.append(Draft::new(By::System, "RETIRED", Outcome::Done));
                    Ok::<_, StatisticsError>(())
                })
            })
            .await;
        written.map(drop)
    }

    pub(crate) async fn close_epoch(&self) -> i64 {
        self.statistics.close_epoch(By::System).await.unwrap()
    }

    pub(crate) async fn ask(
        &self,
        metric: Metric,
        kind: Kind,
        epsilon_milli: u32,
    ) -> Result<Answer, StatisticsError> {
        self.statistics.statistic(self.by(), self.analyst, Question { metric, kind, epsilon_milli }).await
    }

    /// The mean, with next to no noise.
    pub(crate) async fn mean(&self, metric: Metric) -> f64 {
        self.ask(metric, Kind::Mean, CLEAR).await.unwrap().value
    }

    /// Whether every sum is the product of its rows.
    pub(crate) async fn sums_hold(&self) -> bool {
        self.statistics.verify_sums(|_, _, _| {}).await.unwrap().iter().all(|sum| sum.holds)
    }
}

fn shared_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| SecretKey::generate(KeySize::Bits2048, &mut random()).to_bytes().to_vec())
}

/// The machine's randomness, for tests.
pub(crate) fn random() -> impl rand::CryptoRng {
    Surroundings::new(Arc::new(SystemClock), Strength::TESTS).rng()
}

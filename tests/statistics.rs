//! Statistics over vitals, on every database: who counts, when, at what price, and what stays after a restart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod support;
mod wards;

use std::{sync::Arc, time::Duration};

use crypto::paillier::PublicKey;
use entity::{ReleaseStatus, release, vital};
use medicrypt::{
    keyring::{Keyring, Master},
    ledger::{By, Filter, LedgerError},
    statistics::{Decryptor, Kind, Left, Limits, Metric, Question, StatisticsError},
    store::{Store, Strength, Surroundings, SystemClock},
};
use sea_orm::EntityTrait as _;
use support::{TestClock, TestDb};
use uuid::Uuid;
use wards::{CLEAR, ENDLESS, Ward};

/// 120 patients with systolic pressures of 100, 101, …, 219: the mean is 159.5.
async fn a_ward_with_pressures(db: &TestDb, limits: Limits) -> (Ward, Vec<Uuid>) {
    let ward = Ward::open(db, limits).await;
    let patients = ward.admit(120).await;
    let values: Vec<_> = patients.iter().copied().zip(100..).collect();
    ward.measure(Metric::Systolic, 1_000, &values).await;
    (ward, patients)
}

#[tokio::test(flavor = "multi_thread")]
async fn count_sum_and_mean_lie_where_their_intervals_say() {
    for db in support::databases().await {
        let (ward, _) = a_ward_with_pressures(&db, ENDLESS).await;
        ward.close_epoch().await;
        for (kind, truth) in [(Kind::Count, 120.0), (Kind::Sum, 19_140.0), (Kind::Mean, 159.5)] {
            let answer = ward.ask(Metric::Systolic, kind, CLEAR).await.unwrap();
            let (low, high) = answer.interval95;
            assert!(low - 2.0 <= truth && truth <= high + 2.0, "{db} {kind:?}: {answer:?}");
            assert!((answer.value - truth).abs() <= 2.0, "{db} {kind:?}: {answer:?}");
            assert_eq!((answer.epoch, answer.charged_milli), (1, CLEAR));
        }
        let noisy = ward.ask(Metric::Systolic, Kind::Mean, 2_000).await.unwrap();
        assert!(noisy.interval95.1 - noisy.interval95.0 > 1.0, "{db}: {noisy:?}");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_open_epoch_is_answered() {
    for db in support::databases().await {
        let (ward, patients) = a_ward_with_pressures(&db, ENDLESS).await;
        let early = ward.ask(Metric::Systolic, Kind::Mean, CLEAR).await;
        assert!(matches!(early, Err(StatisticsError::NoClosedEpoch)), "{db}");
        assert_eq!(ward.close_epoch().await, 1);
        let first = ward.ask(Metric::Systolic, Kind::Mean, CLEAR).await.unwrap();
        let all_high: Vec<_> = patients.iter().map(|id| (*id, 240)).collect();
        ward.measure(Metric::Systolic, 2_000, &all_high).await;
        let second = ward.ask(Metric::Systolic, Kind::Mean, CLEAR).await.unwrap();
        assert_eq!((first.value.to_bits(), first.epoch), (second.value.to_bits(), second.epoch), "{db}");
        assert_eq!(ward.close_epoch().await, 2);
        assert!((ward.mean(Metric::Systolic).await - 240.0).abs() < 0.5, "{db}");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_counts_once_by_the_latest_value_and_errors_bring_the_one_before_back() {
    for db in support::databases().await {
        let ward = Ward::open(&db, ENDLESS).await;
        let patients = ward.admit(40).await;
        let all = |value: i64| patients.iter().map(|id| (*id, value)).collect::<Vec<_>>();
        ward.measure(Metric::HeartRate, 2_000, &all(80)).await;
        ward.close_epoch().await;
        let at = async |ward: &Ward, expected: f64| {
            let mean = ward.mean(Metric::HeartRate).await;
            assert!((mean - expected).abs() < 0.5, "{db}: {mean} instead of {expected}");
            let count = ward.ask(Metric::HeartRate, Kind::Count, CLEAR).await.unwrap().noisy_count;
            assert!((38..=42).contains(&count), "{db}: {count}");
            assert!(ward.sums_hold().await, "{db}");
        };
        at(&ward, 80.0).await;

        ward.measure(Metric::HeartRate, 1_000, &all(190)).await;
        ward.close_epoch().await;
        at(&ward, 80.0).await;

        let latest = ward.measure(Metric::HeartRate, 3_000, &all(120)).await;
        ward.close_epoch().await;
        at(&ward, 120.0).await;

        for vital in &latest {
            ward.retire(vital).await.unwrap();
        }
        at(&ward, 120.0).await;
        ward.close_epoch().await;
        at(&ward, 80.0).await;

        let passing = ward.measure(Metric::HeartRate, 4_000, &all(200)).await;
        ward.retire(&passing[0]).await.unwrap();
        assert!(
            matches!(ward.retire(&passing[0]).await, Err(StatisticsError::Ledger(LedgerError::Conflict))),
            "{db}"
        );
        let retired = vital::Entity::find_by_id(passing[0].id).one(ward.store.read()).await.unwrap().unwrap();
        let again = ward.retire(&ward.keyring.check(retired).unwrap()).await;
        assert!(matches!(again, Err(StatisticsError::NotCurrent)), "{db}");
        for vital in &passing[1..] {
            ward.retire(vital).await.unwrap();
        }
        ward.close_epoch().await;
        at(&ward, 80.0).await;
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_parallel_questions_on_a_budget_for_ten_get_ten_answers() {
    for db in support::databases().await {
        let limits = Limits { dataset_milli: 10_000_000, analyst_milli: 50_000, query_milli: 10_000 };
        let (ward, _) = a_ward_with_pressures(&db, limits).await;
        ward.close_epoch().await;
        // Fifty different questions of nearly one price: ten of them cost 49 740 at most, eleven 54 120 at least.
        let asked = (0..50).map(|i| ward.ask(Metric::Systolic, Kind::Mean, 4_950 + i % 25 - i / 25 * 30));
        let answers = futures::future::join_all(asked).await;
        let given = answers.iter().filter(|answer| answer.is_ok()).count();
        let refused =
            answers.iter().filter(|a| matches!(a, Err(StatisticsError::BudgetExhausted { .. }))).count();
        assert_eq!(
            (given, refused),
            (10, 40),
            "{db}: {:?}",
            answers.iter().filter_map(|a| a.as_ref().err()).next_back()
        );
        let spent: u32 = answers.iter().flatten().map(|answer| answer.charged_milli).sum();
        let left = ward.statistics.left(ward.analyst).await.unwrap();
        assert_eq!(left.analyst_milli, 50_000 - i64::from(spent), "{db}");
        assert_eq!(left.dataset_milli, 10_000_000 - i64::from(spent), "{db}");
        let denied = ward
            .ledger
            .entries(&Filter { outcome: Some("DENIED".into()), ..Filter::default() }, 100)
            .await
            .unwrap();
        assert_eq!(denied.len(), 40, "{db}");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_sets_budget_binds_all_analysts_and_a_new_year_brings_a_new_one() {
    for db in support::databases().await {
        let clock = TestClock::at(1_795_000_000_000);
        let limits = Limits { dataset_milli: 3_000, analyst_milli: 2_000, query_milli: 2_000 };
        let ward = Ward::open_at(&db, limits, clock.clone()).await;
        let patients = ward.admit(120).await;
        ward.measure(Metric::Systolic, 1_000, &patients.iter().map(|id| (*id, 130)).collect::<Vec<_>>())
            .await;
        ward.close_epoch().await;
        let ask = async |analyst: u128, kind, epsilon_milli| {
            let question = Question { metric: Metric::Systolic, kind, epsilon_milli };
            ward.statistics.statistic(By::System, Uuid::from_u128(analyst), question).await
        };
        ask(1, Kind::Mean, 2_000).await.unwrap();
        let full = ask(1, Kind::Mean, 1_000).await;
        assert!(matches!(full, Err(StatisticsError::BudgetExhausted { left_milli: 0 })), "{db}");
        assert_eq!(
            ask(2, Kind::Mean, 2_000).await.unwrap().charged_milli,
            0,
            "{db}: the same question is free"
        );
        ask(2, Kind::Count, 1_000).await.unwrap();
        let full = ask(3, Kind::Count, 500).await;
        assert!(matches!(full, Err(StatisticsError::BudgetExhausted { left_milli: 0 })), "{db}");
        clock.advance(366 * 24 * 3_600_000);
        let left = ask(3, Kind::Count, 500).await.unwrap().left;
        assert_eq!(left, Left { dataset_milli: 2_500, analyst_milli: 1_500 }, "{db}");
        let lost: u32 =
            ward.statistics.losses().await.unwrap().iter().map(|loss| loss.question.epsilon_milli).sum();
        assert_eq!(lost, 3_500, "{db}: what is lost is never reset");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charged_question_is_answered_after_a_restart_at_no_further_price() {
    for db in support::databases().await {
        let (ward, _) = a_ward_with_pressures(&db, Limits::default()).await;
        ward.close_epoch().await;
        let (statistics, by, analyst) = (ward.statistics.clone(), ward.by(), ward.analyst);
        let question = Question { metric: Metric::Systolic, kind: Kind::Mean, epsilon_milli: 500 };
        let mut head = ward.ledger.head();
        head.mark_unchanged();
        let asking = tokio::spawn(async move { statistics.statistic(by, analyst, question).await.map(drop) });
        head.changed().await.unwrap();
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled(), "{db}");
        let status =
            async |ward: &Ward| release::Entity::find().one(ward.store.read()).await.unwrap().unwrap().status;
        assert_eq!(status(&ward).await, ReleaseStatus::Pending, "{db}");
        ward.close().await;

        let ward = Ward::open(&db, Limits::default()).await;
        assert_eq!(ward.statistics.complete_pending().await.unwrap(), 1, "{db}");
        assert_eq!(ward.statistics.complete_pending().await.unwrap(), 0, "{db}");
        assert_eq!(status(&ward).await, ReleaseStatus::Done, "{db}");
        let answer = ward.ask(Metric::Systolic, Kind::Mean, 500).await.unwrap();
        assert_eq!((answer.charged_milli, answer.left.analyst_milli), (0, 500), "{db}");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_that_broke_off_is_taken_up_by_the_next() {
    for db in support::databases().await {
        let (ward, patients) = a_ward_with_pressures(&db, ENDLESS).await;
        let statistics = ward.statistics.clone();
        let mut head = ward.ledger.head();
        head.mark_unchanged();
        let closing = tokio::spawn(async move { statistics.close_epoch(By::System).await.map(drop) });
        head.changed().await.unwrap();
        closing.abort();
        assert!(closing.await.unwrap_err().is_cancelled(), "{db}");
        assert!(
            matches!(
                ward.ask(Metric::Systolic, Kind::Mean, CLEAR).await,
                Err(StatisticsError::NoClosedEpoch)
            ),
            "{db}"
        );
        ward.close().await;

        let ward = Ward::open(&db, ENDLESS).await;
        let lower: Vec<_> = patients.iter().map(|id| (*id, 90)).collect();
        let later = ward.measure(Metric::Systolic, 2_000, &lower).await;
        assert!(later.iter().all(|vital| vital.epoch == 2), "{db}");
        assert_eq!(ward.close_epoch().await, 1, "{db}");
        assert!((ward.mean(Metric::Systolic).await - 159.5).abs() < 0.5, "{db}");
        assert_eq!(ward.close_epoch().await, 2, "{db}");
        assert!((ward.mean(Metric::Systolic).await - 90.0).abs() < 0.5, "{db}");
        assert!(ward.sums_hold().await, "{db}");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vitals_that_come_while_epochs_close_are_counted_once() {
    for db in support::databases().await {
        let ward = Arc::new(Ward::open(&db, ENDLESS).await);
        let patients = ward.admit(48).await;
        let writers = patients.chunks(8).map(|patients| {
            let (ward, patients) = (ward.clone(), patients.to_vec());
            tokio::spawn(async move {
                for (round, patient) in (0_i64..).zip(patients.iter().cycle().take(16)) {
                    let vitals = ward.measure(Metric::Weight, round, &[(*patient, 500 + round)]).await;
                    if round % 3 == 0 {
                        ward.retire(&vitals[0]).await.unwrap();
                    }
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            ward.close_epoch().await;
            assert!(ward.sums_hold().await, "{db}");
        }
        for writer in writers {
            writer.await.unwrap();
        }
        ward.close_epoch().await;
        assert!(ward.sums_hold().await, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_cohort_gets_no_answer_but_pays_and_a_hopeless_question_does_not() {
    for db in support::databases().await {
        let ward = Ward::open(&db, Limits { query_milli: 100_000, ..ENDLESS }).await;
        let patients = ward.admit(200).await;
        let few: Vec<_> = patients[..5].iter().map(|id| (*id, 72)).collect();
        ward.measure(Metric::HeartRate, 1_000, &few).await;
        ward.close_epoch().await;
        let small = |answer, charged| matches!(answer, Err(StatisticsError::CohortTooSmall { charged_milli }) if charged_milli == charged);
        let before = ward.statistics.left(ward.analyst).await.unwrap().analyst_milli;
        assert!(small(ward.ask(Metric::HeartRate, Kind::Mean, 50_000).await, 50_000), "{db}");
        assert!(small(ward.ask(Metric::HeartRate, Kind::Mean, 50_000).await, 0), "{db}");
        assert!(small(ward.ask(Metric::Height, Kind::Mean, 50_000).await, 50_000), "{db}: nobody at all");
        let after = ward.statistics.left(ward.analyst).await.unwrap().analyst_milli;
        assert_eq!(before - after, 100_000, "{db}");
        assert!(
            matches!(ward.ask(Metric::HeartRate, Kind::Mean, 1).await, Err(StatisticsError::TooNoisy)),
            "{db}"
        );
        for epsilon in [0, 100_001] {
            let refused = ward.ask(Metric::HeartRate, Kind::Mean, epsilon).await;
            assert!(matches!(refused, Err(StatisticsError::Epsilon { most: 100_000 })), "{db}");
        }
        assert_eq!(ward.statistics.left(ward.analyst).await.unwrap().analyst_milli, after, "{db}");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_found_together_have_one_key() {
    for db in support::databases().await {
        let open = async || {
            let store = Arc::new(Store::open(db.location()).await.unwrap());
            let around = Surroundings::new(Arc::new(SystemClock), Strength::TESTS);
            Keyring::open(store, around, &Master::Directory(db.master())).await.unwrap().0
        };
        let (one, other) = (open().await, open().await);
        let (one, other) = tokio::join!(Decryptor::open_or_create(&one), Decryptor::open_or_create(&other));
        let (one, other) = (one.unwrap().1, other.unwrap().1);
        assert_eq!(one, other, "{db}");
        assert_eq!(PublicKey::from_bytes(&one).unwrap().bits(), 2048);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_leaves_on_the_tick_and_a_stored_one_at_once() {
    let db = support::sqlite();
    let (ward, _) = a_ward_with_pressures(&db, ENDLESS).await;
    ward.close_epoch().await;
    let started = std::time::Instant::now();
    ward.ask(Metric::Systolic, Kind::Mean, CLEAR).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(100));
    ward.close().await;
}

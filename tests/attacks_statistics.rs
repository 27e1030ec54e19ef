//! What broke the predecessor's Paillier sums and statistics, each attack tried here. That the noise is discrete and follows
//! its law is tested where it is drawn (`src/statistics/noise.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unnecessary_wraps,
    missing_docs,
    reason = "tests"
)]

mod support;
mod wards;

use std::{
    io,
    sync::{Arc, Mutex},
};

use entity::{Protected as _, budget, release, statistic_sum, vital};
use medicrypt::{
    keyring::Violation,
    ledger::{By, Filter, LedgerError},
    statistics::{Kind, Limits, Metric, Question, StatisticsError},
};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use support::TestDb;
use uuid::Uuid;
use wards::{CLEAR, ENDLESS, Ward};

/// How a row was found out, if it was.
fn violation<T>(result: Result<T, StatisticsError>) -> Option<(String, Violation)> {
    match result {
        Err(StatisticsError::Ledger(LedgerError::Integrity(violation))) => {
            Some((violation.table, violation.kind))
        }
        _ => None,
    }
}

fn found(table: &str, kind: Violation) -> Option<(String, Violation)> {
    Some((table.to_owned(), kind))
}

/// Enough patients for the epsilon asked with, or the noisy count is too small once in a while.
async fn a_ward_of(db: &TestDb, limits: Limits, metric: Metric, values: &[i64]) -> (Ward, Vec<Uuid>) {
    let ward = Ward::open(db, limits).await;
    let patients = ward.admit(values.len()).await;
    let values: Vec<_> = patients.iter().copied().zip(values.iter().copied()).collect();
    ward.measure(metric, 1_000, &values).await;
    (ward, patients)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exact_mean_is_in_no_answer_column_leaf_or_log() {
    let log = captured_log();
    for db in support::databases().await {
        let values: Vec<i64> = (0..128).map(|i| 700 + i * i % 97).collect();
        let total: i64 = values.iter().sum();
        let from_centre = total - 128 * Metric::Weight.centre();
        let mean = f64::from(i32::try_from(total).unwrap()) / 1280.0;
        let exact = [total.to_string(), from_centre.to_string(), mean.to_string()];
        assert!(exact.iter().all(|number| number.len() >= 5), "too short to be looked for: {exact:?}");

        let (ward, _) = a_ward_of(&db, Limits::default(), Metric::Weight, &values).await;
        ward.close_epoch().await;
        let answer = ward.ask(Metric::Weight, Kind::Mean, 500).await.unwrap();
        assert!(ward.sums_hold().await);
        let shown = format!("{answer:?}");
        assert!(exact.iter().all(|number| !shown.contains(number)), "{db}: {shown}");

        let holds = |bytes: &[u8]| {
            let text =
                exact.iter().any(|number| bytes.windows(number.len()).any(|part| part == number.as_bytes()));
            let integer = |number: i64| {
                bytes.windows(8).any(|part| part == number.to_be_bytes() || part == number.to_le_bytes())
            };
            text || integer(total) || integer(from_centre)
        };
        assert!(
            holds(format!("mean={mean}").as_bytes()) && holds(&total.to_be_bytes()),
            "the search finds nothing"
        );
        macro_rules! each {
            ($($table:ident)*) => {$(
                for row in entity::$table::Entity::find().all(ward.store.read()).await.unwrap() {
                    assert!(!holds(&row.content()), "{db}: {} {}", stringify!($table), row.id());
                }
            )*};
        }
        entity::for_each_protected!(each);
        for entry in ward.ledger.entries(&Filter::default(), 10_000).await.unwrap() {
            assert!(entry.about.iter().all(|(_, value)| !exact.contains(value)), "{db}: {entry:?}");
            let named =
                |(name, _): &(String, String)| ["release", "epoch", "epsilon_milli"].contains(&name.as_str());
            let harmless = !entry.action.starts_with("STATISTIC") || entry.about.iter().all(named);
            assert!(harmless, "{db}: an answer has no place in a leaf: {entry:?}");
        }
        ward.close().await;
        if let medicrypt::store::Location::Sqlite(directory) = db.location() {
            for file in std::fs::read_dir(directory).unwrap() {
                let file = file.unwrap().path();
                assert!(!holds(&std::fs::read(&file).unwrap()), "{}", file.display());
            }
        }
        let log = log.lock().unwrap();
        let lines: Vec<_> = String::from_utf8_lossy(&log)
            .lines()
            .filter(|l| holds(l.as_bytes()))
            .map(str::to_owned)
            .collect();
        assert!(lines.is_empty() && !log.is_empty(), "{db}: {lines:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_input_of_ten_million_moves_the_mean_no_further_than_the_clamp() {
    for db in support::databases().await {
        let mut values = vec![120; 50];
        values[0] = 10_000_000;
        let (ward, _) = a_ward_of(&db, ENDLESS, Metric::Systolic, &values).await;
        ward.close_epoch().await;
        let mean = ward.mean(Metric::Systolic).await;
        assert!((mean - 122.4).abs() < 0.5, "{db}: {mean}");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ciphertexts_zero_n_and_n_squared_are_refused() {
    for db in support::databases().await {
        let half = 2048 / 8;
        let (zero, mut one) = (vec![0; half], vec![0; half]);
        one[half - 1] = 1;
        let modulus = {
            let ward = Ward::open(&support::sqlite(), ENDLESS).await;
            entity::installation::Entity::find()
                .one(ward.store.read())
                .await
                .unwrap()
                .unwrap()
                .paillier_public
        };
        let n = crypto::paillier::PublicKey::from_bytes(&modulus).unwrap().modulus();
        // In the form (c mod n, c div n).
        for (name, c) in
            [("0", [zero.clone(), zero.clone()]), ("n", [zero.clone(), one]), ("n²", [zero.clone(), n])]
        {
            let db = if db.to_string() == "SQLite" {
                support::sqlite()
            } else {
                support::databases().await.remove(1)
            };
            let (ward, patients) = a_ward_of(&db, ENDLESS, Metric::Systolic, &[120; 12]).await;
            let mut row =
                ward.measure(Metric::Systolic, 2_000, &[(patients[0], 130)]).await.remove(0).into_inner();
            (row.id, row.effective_ms, row.ciphertext) = (Uuid::new_v4(), 3_000, c.concat());
            ward.plant(vec![row]).await.unwrap();
            let closed = ward.statistics.close_epoch(By::System).await;
            assert!(matches!(closed, Err(StatisticsError::Vital(..))), "{db} {name}: {closed:?}");
            assert_eq!(
                statistic_sum::Entity::find().count(ward.store.read()).await.unwrap(),
                0,
                "{db} {name}"
            );
            ward.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_repeated_questions_get_one_answer_and_pay_once() {
    for db in support::databases().await {
        let (ward, _) = a_ward_of(&db, Limits::default(), Metric::Systolic, &[130; 250]).await;
        ward.close_epoch().await;
        let ask = |i: u128| {
            let question = Question { metric: Metric::Systolic, kind: Kind::Mean, epsilon_milli: 500 };
            ward.statistics.statistic(ward.by(), Uuid::from_u128(i), question)
        };
        let answers: Vec<_> =
            futures::future::join_all((0..200).map(ask)).await.into_iter().map(Result::unwrap).collect();
        assert!(answers.iter().all(|answer| answer.value.to_bits() == answers[0].value.to_bits()), "{db}");
        assert_eq!(answers.iter().map(|answer| answer.charged_milli).sum::<u32>(), 500, "{db}");
        assert_eq!(answers[199].left.dataset_milli, 3_500, "{db}");
        assert_eq!(release::Entity::find().count(ward.store.read()).await.unwrap(), 1, "{db}");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_the_administrator_sets_back_is_refused() {
    for db in support::databases().await {
        let (ward, _) = a_ward_of(&db, Limits::default(), Metric::Systolic, &[130; 350]).await;
        ward.close_epoch().await;
        ward.ask(Metric::Systolic, Kind::Mean, 300).await.unwrap();
        let budgets = budget::Entity::find().all(ward.store.read()).await.unwrap();
        let mut asides = Vec::new();
        for budget in &budgets {
            asides.push(db.put_aside("budget", budget.id).await);
        }
        ward.ask(Metric::Systolic, Kind::Mean, 301).await.unwrap();
        for (budget, aside) in budgets.iter().zip(&asides) {
            let now = db.put_aside("budget", budget.id).await;
            let id = db.id(budget.id);
            db.put_back(aside).await;
            let refused = violation(ward.ask(Metric::Systolic, Kind::Count, 302).await);
            assert_eq!(refused, found("budget", Violation::Stale), "{db}");
            db.as_dba(&format!("DELETE FROM budget WHERE id = {id}")).await;
            let refused = violation(ward.ask(Metric::Systolic, Kind::Count, 302).await);
            assert_eq!(refused, found("budget", Violation::Missing), "{db}");
            db.put_back(&now).await;
            db.as_dba(&format!("UPDATE budget SET spent_milli = 0 WHERE id = {id}")).await;
            let refused = violation(ward.ask(Metric::Systolic, Kind::Count, 302).await);
            assert_eq!(refused, found("budget", Violation::Edited), "{db}");
            db.put_back(&now).await;
        }
        assert_eq!(
            ward.ask(Metric::Systolic, Kind::Count, 302).await.unwrap().left.analyst_milli,
            97,
            "{db}"
        );
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_administrator_deletes_or_sets_back_is_not_drawn_anew() {
    for db in support::databases().await {
        let (ward, _) = a_ward_of(&db, ENDLESS, Metric::Systolic, &[130; 100]).await;
        ward.close_epoch().await;
        ward.ask(Metric::Systolic, Kind::Mean, 2_000).await.unwrap();
        let id = release::Entity::find().one(ward.store.read()).await.unwrap().unwrap().id;
        let answered = db.put_aside("release", id).await;
        db.as_dba(&format!("UPDATE release SET status = 'PENDING', answer = NULL WHERE id = {}", db.id(id)))
            .await;
        let refused = violation(ward.ask(Metric::Systolic, Kind::Mean, 2_000).await);
        assert_eq!(refused, found("release", Violation::Edited), "{db}");
        db.as_dba(&format!("DELETE FROM release WHERE id = {}", db.id(id))).await;
        let refused = violation(ward.ask(Metric::Systolic, Kind::Mean, 2_000).await);
        assert_eq!(refused, found("release", Violation::Missing), "{db}");
        db.put_back(&answered).await;
        assert_eq!(ward.ask(Metric::Systolic, Kind::Mean, 2_000).await.unwrap().charged_milli, 0, "{db}");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vitals_and_sums_that_the_administrator_touches_are_refused_when_used() {
    for db in support::databases().await {
        let (ward, patients) = a_ward_of(&db, ENDLESS, Metric::Systolic, &[130; 60]).await;
        let mut rows = vital::Entity::find().all(ward.store.read()).await.unwrap();
        let (one, other) = (rows.remove(0), rows.remove(0));
        let (kept, id) = (db.put_aside("vital", one.id).await, db.id(one.id));
        let swapped = db.bytes(&other.ciphertext);
        for edit in
            [format!("ciphertext = {swapped}"), "effective_ms = 1".into(), "status = 'AMENDED'".into()]
        {
            db.as_dba(&format!("UPDATE vital SET {edit} WHERE id = {id}")).await;
            let refused = violation(ward.statistics.close_epoch(By::System).await);
            assert_eq!(refused, found("vital", Violation::Edited), "{db}: {edit}");
            db.put_back(&kept).await;
        }
        ward.close_epoch().await;

        assert!(ward.sums_hold().await, "{db}");
        db.as_dba(&format!("DELETE FROM vital WHERE id = {id}")).await;
        let verdicts = ward.statistics.verify_sums(|_, _, _| {}).await.unwrap();
        let broken: Vec<_> = verdicts.iter().filter(|sum| !sum.holds).map(|sum| sum.metric).collect();
        assert_eq!(broken, [Metric::Systolic], "{db}");
        db.put_back(&kept).await;

        let one = ward.keyring.check(one).unwrap();
        ward.retire(&one).await.unwrap();
        let retired = db.put_aside("vital", one.id).await;
        db.put_back(&kept).await;
        ward.measure(Metric::Systolic, 500, &[(one.patient_id, 100)]).await;
        let refused = violation(ward.statistics.close_epoch(By::System).await);
        assert_eq!(refused, found("vital", Violation::Stale), "{db}");
        db.put_back(&retired).await;

        let sums = statistic_sum::Entity::find().all(ward.store.read()).await.unwrap();
        let mut asides = Vec::new();
        for sum in &sums {
            asides.push(db.put_aside("statistic_sum", sum.id).await);
        }
        ward.measure(Metric::Systolic, 5_000, &[(patients[5], 200)]).await;
        ward.close_epoch().await;
        ward.close_epoch().await;
        for aside in &asides {
            db.put_back(aside).await;
        }
        let refused = violation(ward.ask(Metric::Systolic, Kind::Mean, CLEAR).await);
        assert_eq!(refused, found("statistic_sum", Violation::Stale), "{db}");
        db.as_dba("DELETE FROM statistic_sum").await;
        let refused = violation(ward.ask(Metric::Systolic, Kind::Mean, CLEAR).await);
        assert_eq!(refused, found("statistic_sum", Violation::Missing), "{db}");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scale_of_the_noise_does_not_depend_on_the_private_count() {
    for db in support::databases().await {
        let ward = Ward::open(&db, ENDLESS).await;
        let patients = ward.admit(200).await;
        let measured = |number: usize| patients[..number].iter().map(|id| (*id, 120)).collect::<Vec<_>>();
        ward.measure(Metric::Systolic, 1_000, &measured(60)).await;
        ward.close_epoch().await;
        let mut widths = Vec::new();
        for _ in 0..2 {
            for kind in [Kind::Count, Kind::Sum] {
                let (low, high) = ward.ask(Metric::Systolic, kind, 4_000).await.unwrap().interval95;
                widths.push(high - low);
            }
            ward.measure(Metric::Systolic, 2_000, &measured(200)).await;
            ward.close_epoch().await;
        }
        assert_eq!(widths[..2], widths[2..], "{db}");
        ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_records_of_a_patient_weigh_as_much_as_one() {
    for db in support::databases().await {
        let (ward, patients) = a_ward_of(&db, ENDLESS, Metric::HeartRate, &[60; 40]).await;
        for round in 0..10 {
            ward.measure(Metric::HeartRate, 2_000 + round, &[(patients[0], 160)]).await;
        }
        ward.close_epoch().await;
        let mean = ward.mean(Metric::HeartRate).await;
        assert!((mean - 62.5).abs() < 0.5, "{db}: {mean}");
        let count = ward.ask(Metric::HeartRate, Kind::Count, CLEAR).await.unwrap().noisy_count;
        assert!((39..=41).contains(&count), "{db}: {count}");
        ward.close().await;
    }
}

/// Everything that this process logs from now on.
fn captured_log() -> Arc<Mutex<Vec<u8>>> {
    #[derive(Clone)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let log = Arc::new(Mutex::new(Vec::new()));
    let writer = Log(log.clone());
    let everything =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(everything.finish()).unwrap();
    log
}

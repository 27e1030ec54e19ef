//! A database administrator without the keys who knows the ledger's tables: rolls a row back or deletes it **and** takes
//! away what leads from it to its entries. Whoever uses the row refuses all the same, without waiting for `verify`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/filled.rs"]
mod filled;
mod support;

use entity::PROTECTED;
use filled::id;
use medicrypt::{
    keyring::{Checked, Violation},
    ledger::{By, Draft, LedgerError, Outcome, Row},
};
use sea_orm::EntityTrait as _;
use support::{Rooms, TestDb};

/// The rows that are there in every table.
const SEED: u8 = 2;
/// Of what the newer versions are.
const OTHER: u8 = 12;
/// Tables whose ids are derived, so that somebody asks whether a row of them never was.
const DERIVED: [&str; 6] =
    ["account_attribute", "budget", "release", "statistic_sum", "epoch", "search_word"];

/// How a hold ended: `held`, the kind of violation, or `broken`.
fn ending<T>(result: Result<T, LedgerError>) -> String {
    match result {
        Ok(_) => "held".to_owned(),
        Err(LedgerError::Integrity(violation)) => violation.kind.to_string(),
        Err(LedgerError::Broken(_)) => "broken".to_owned(),
        Err(other) => panic!("{other}"),
    }
}

/// The same in a write transaction.
async fn ending_in_tx<M: Row + 'static>(rooms: &Rooms, row: &Checked<M>) -> String {
    let row = row.clone();
    ending(
        rooms
            .ledger
            .write("hold", move |tx| {
                let row = row.clone();
                Box::pin(async move { tx.hold(std::slice::from_ref(&row)).await })
            })
            .await,
    )
}

/// Every table's row, with its right tag, ends so when it is held.
async fn all_end(rooms: &Rooms, expected: &str, when: &str) {
    macro_rules! each {
        ($($table:ident)*) => {$({
            let row = entity::$table::Entity::find_by_id(id(SEED)).one(rooms.store.read()).await.unwrap().unwrap();
            let row = rooms.keyring.check(row).unwrap();
            let read = ending(rooms.ledger.hold(rooms.store.read(), &row).await);
            assert_eq!(read, expected, "{}, {when}", stringify!($table));
            assert_eq!(ending_in_tx(rooms, &row).await, expected, "{}, {when}, in a transaction", stringify!($table));
        })*};
    }
    entity::for_each_protected!(each);
}

/// Writes rows of every table, and `by` another node their version 2. The index of the last entry before that, and what
/// puts version 1 back and leaves the ledger no way to version 2.
async fn changed(db: &TestDb, rooms: &Rooms, by: &Rooms) -> (i64, impl AsyncFn(&TestDb) + use<>) {
    filled::fill(&rooms.ledger, SEED).await;
    let mut first = Vec::new();
    for table in PROTECTED {
        first.push(db.put_aside(table, id(SEED)).await);
    }
    let before = *rooms.ledger.head().borrow();
    filled::change(by, SEED, OTHER).await;
    let restore = async move |db: &TestDb| {
        for row in &first {
            db.put_back(row).await;
        }
        db.as_dba(&format!("DELETE FROM ledger_row WHERE idx > {before}")).await;
    };
    (before, restore)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_rolled_back_is_stale_though_the_ledgers_way_to_the_newer_one_was_deleted() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let (_, roll_back) = changed(&db, &rooms, &rooms).await;
        all_end(&rooms, "held", "as written").await;
        roll_back(&db).await;
        all_end(&rooms, "stale", &format!("{db}: by who saw it written")).await;
        let rooms = rooms.reopen(&db).await;
        all_end(&rooms, "stale", &format!("{db}: by who starts afterwards")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_wrote_cannot_be_rolled_back_either() {
    for db in support::databases().await {
        let (rooms, other) = (support::open(&db).await, support::open(&db).await);
        let (_, roll_back) = changed(&db, &rooms, &other).await;
        all_end(&rooms, "held", "as written").await;
        roll_back(&db).await;
        all_end(&rooms, "stale", &db.to_string()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_row_is_missed_though_the_ledgers_way_to_it_was_deleted() {
    for db in support::databases().await {
        let mut rooms = support::open(&db).await;
        let never = async |rooms: &Rooms, table, seed| {
            ending(rooms.ledger.hold_changes(rooms.store.read(), &[], &[(table, id(seed))]).await)
        };
        for table in DERIVED {
            assert_eq!(never(&rooms, table, SEED).await, "held", "{db}: {table} was not yet there");
        }
        filled::fill(&rooms.ledger, SEED).await;
        db.as_dba(&format!("DELETE FROM ledger_row WHERE idx = {}", *rooms.ledger.head().borrow())).await;
        for when in ["by who saw it written", "by who starts afterwards"] {
            for table in DERIVED {
                db.as_dba(&format!("DELETE FROM {table} WHERE id = {}", db.id(id(SEED)))).await;
                assert_eq!(never(&rooms, table, SEED).await, "missing", "{db}: {table}, {when}");
                assert_eq!(never(&rooms, table, OTHER).await, "held", "{db}: {table} never had it, {when}");
                let index = rooms.ledger.index_of(table, id(SEED), 1).await;
                assert_eq!(ending(index), "missing", "{db}: {table}, {when}");
                assert_eq!(rooms.ledger.index_of(table, id(OTHER), 1).await.unwrap(), None, "{db}: {table}");
            }
            rooms = rooms.reopen(&db).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_rolled_back_is_refused_though_the_newer_ones_entry_was_deleted_too() {
    for db in support::databases().await {
        // Known to who wrote it, but never read by them.
        let rooms = support::open(&db).await;
        let (_, roll_back) = changed(&db, &rooms, &rooms).await;
        let end = *rooms.ledger.head().borrow();
        roll_back(&db).await;
        db.as_dba(&format!("DELETE FROM ledger WHERE idx = {end}")).await;
        all_end(&rooms, "broken", &format!("{db}: the last entry")).await;
        assert!(rooms.ledger.append(vec![Draft::new(By::System, "TEST", Outcome::Done)]).await.is_err());
    }
    for db in support::databases().await {
        // Known and read.
        let rooms = support::open(&db).await;
        let (before, roll_back) = changed(&db, &rooms, &rooms).await;
        all_end(&rooms, "held", "as written").await;
        roll_back(&db).await;
        db.as_dba(&format!("DELETE FROM ledger WHERE idx > {before} AND idx < {before} + 5")).await;
        all_end(&rooms, "stale", &format!("{db}: entries in the middle")).await;
        drop(rooms);
        let opened = support::try_open(&db, std::sync::Arc::new(medicrypt::store::SystemClock)).await;
        assert_eq!(ending(opened), "broken", "{db}: at the next start");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_made_to_stand_for_no_rows_is_not_believed() {
    for db in support::databases().await {
        let (rooms, other) = (support::open(&db).await, support::open(&db).await);
        let (before, roll_back) = changed(&db, &rooms, &other).await;
        roll_back(&db).await;
        db.as_dba(&format!("UPDATE ledger SET row_tag = NULL WHERE idx = {}", before + 3)).await;
        all_end(&rooms, "broken", &db.to_string()).await;
        // Who starts then can verify, and nothing else.
        drop((rooms, other));
        let rooms = support::open(&db).await;
        all_end(&rooms, "broken", &db.to_string()).await;
        assert_eq!(rooms.ledger.verify(|_| {}).await.unwrap().first_fault.unwrap().0, before + 1, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_not_dated_by_where_the_ledgers_way_leads() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        filled::fill(&rooms.ledger, SEED).await;
        let made = *rooms.ledger.head().borrow();
        filled::change(&rooms, SEED, OTHER).await;
        for table in PROTECTED {
            assert_eq!(rooms.ledger.index_of(table, id(SEED), 1).await.unwrap(), Some(made), "{db}: {table}");
        }
        db.as_dba(&format!("UPDATE ledger_row SET idx = idx + 1 WHERE idx = {made}")).await;
        for table in PROTECTED {
            let index = rooms.ledger.index_of(table, id(SEED), 1).await;
            assert_eq!(ending(index), Violation::Edited.to_string(), "{db}: {table}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_judged_by_its_own_moment() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        filled::fill(&rooms.ledger, SEED).await;
        let moment = rooms.store.snapshot().await.unwrap();
        let row = entity::budget::Entity::find_by_id(id(SEED)).one(&moment).await.unwrap().unwrap();
        let row = rooms.keyring.check(row).unwrap();
        for other in [OTHER, OTHER + 2] {
            filled::change(&rooms, SEED, other).await;
        }
        filled::fill(&rooms.ledger, OTHER).await;
        all_end(&rooms, "held", "as written").await;
        assert_eq!(ending(rooms.ledger.hold(rooms.store.read(), &row).await), "stale", "{db}: now");
        assert_eq!(ending(rooms.ledger.hold(&moment, &row).await), "held", "{db}: then");
        for (seed, then) in [(SEED, "missing"), (OTHER, "held")] {
            let never = rooms.ledger.hold_changes(&moment, &[], &[("budget", id(seed))]).await;
            assert_eq!(ending(never), then, "{db}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changes_rows_side_by_side_is_never_refused() {
    for db in support::databases().await {
        let nodes = [support::open(&db).await, support::open(&db).await];
        let tasks: Vec<_> = (0..8u8)
            .map(|task| {
                let Rooms { store, keyring, ledger, .. } = &nodes[usize::from(task % 2)];
                let (store, keyring, ledger) = (store.clone(), keyring.clone(), ledger.clone());
                tokio::spawn(async move {
                    let number = uuid::Uuid::from_u128(u128::from(task) + 1_000);
                    assert_eq!(ledger.index_of("epoch", number, 1).await.unwrap(), None);
                    let mut row = filled::row::<entity::epoch::Entity>(task);
                    (row.id, row.number, row.opened_ms) = (number, task.into(), 0);
                    ledger
                        .write("insert", move |tx| {
                            let row = row.clone();
                            Box::pin(async move {
                                tx.insert(row).await?;
                                tx.append(Draft::new(By::System, "MADE", Outcome::Done));
                                Ok::<_, LedgerError>(())
                            })
                        })
                        .await
                        .unwrap();
                    for version in 1..=25 {
                        let moment = store.snapshot().await.unwrap();
                        let row = entity::epoch::Entity::find_by_id(number).one(&moment).await;
                        let row = keyring.check(row.unwrap().unwrap()).unwrap();
                        ledger.hold(&moment, &row).await.unwrap();
                        drop(moment);
                        ledger.hold(store.read(), &row).await.unwrap();
                        let made = ledger.index_of("epoch", number, version).await.unwrap();
                        assert!(made.is_some(), "version {version}");
                        ledger
                            .write("change", move |tx| {
                                let row = row.clone();
                                Box::pin(async move {
                                    tx.hold(std::slice::from_ref(&row)).await?;
                                    let row = tx.update(&row, |row| row.opened_ms += 1).await?;
                                    tx.hold(std::slice::from_ref(&row)).await?;
                                    tx.append(Draft::new(By::System, "CHANGED", Outcome::Done));
                                    Ok::<_, LedgerError>(())
                                })
                            })
                            .await
                            .unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(nodes[0].ledger.verify(|_| {}).await.unwrap().first_fault, None, "{db}");
    }
}

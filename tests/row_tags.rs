//! Protected rows on both databases: tagged as they are written, and held against the ledger.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/filled.rs"]
mod filled;
mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use entity::{PROTECTED, epoch};
use medicrypt::{
    keyring::{Checked, Violation},
    ledger::{By, Draft, LedgerError, Outcome},
};
use sea_orm::EntityTrait as _;
use support::Rooms;
use uuid::Uuid;

fn draft() -> Draft {
    Draft::new(By::System, "TEST", Outcome::Done)
}

fn row(number: i64) -> epoch::Model {
    epoch::Model { id: Uuid::new_v4(), number, opened_ms: 1, closed_ms: None, version: 1, tag: Vec::new() }
}

/// Writes that many rows with one entry, and returns its index.
async fn write(rooms: &Rooms, numbers: std::ops::Range<i64>) -> (Vec<Checked<epoch::Model>>, i64) {
    let written = rooms.ledger.write("make", move |tx| {
        let rows = numbers.clone().map(row).collect();
        Box::pin(async move {
            let rows = tx.insert_all(rows).await?;
            tx.append(draft());
            Ok::<_, LedgerError>(rows)
        })
    });
    let written = written.await.unwrap();
    (written.value, written.receipts[0].index())
}

async fn close(rooms: &Rooms, row: &Checked<epoch::Model>, closed_ms: i64) -> Checked<epoch::Model> {
    let row = row.clone();
    let written = rooms.ledger.write("close", move |tx| {
        let row = row.clone();
        Box::pin(async move {
            let row = tx.update(&row, |row| row.closed_ms = Some(closed_ms)).await?;
            tx.append(draft());
            Ok::<_, LedgerError>(row)
        })
    });
    written.await.unwrap().value
}

fn kind<T: std::fmt::Debug>(refused: Result<T, LedgerError>) -> Violation {
    match refused {
        Err(LedgerError::Integrity(violation)) => violation.kind,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_protected_table_is_written_changed_and_verified() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        filled::fill(&rooms.ledger, 2).await;
        filled::fill(&rooms.ledger, 4).await;
        filled::change(&rooms, 2, 12).await;
        let seen = Mutex::new(BTreeMap::new());
        let progress = |table: &str, rows| {
            seen.lock().unwrap().insert(table.to_owned(), rows);
        };
        assert_eq!(rooms.ledger.verify_rows(progress).await.unwrap(), [], "{db}");
        assert_eq!(
            *seen.lock().unwrap(),
            PROTECTED.iter().map(|table| ((*table).to_owned(), 2)).collect(),
            "{db}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_held_by_the_entry_that_stands_for_its_version() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let (rows, made) = write(&rooms, 0..3).await;
        let reader = rooms.store.read();
        assert_eq!(rooms.ledger.hold_all(reader, &rows).await.unwrap(), [made; 3], "{db}");
        let closed = close(&rooms, &rows[1], 5).await;
        assert_eq!(rooms.ledger.hold(reader, &closed).await.unwrap(), made + 1, "{db}");
        assert_eq!(rooms.ledger.index_of("epoch", closed.id, 1).await.unwrap(), Some(made), "{db}");
        assert_eq!(rooms.ledger.index_of("epoch", closed.id, 2).await.unwrap(), Some(made + 1), "{db}");
        assert_eq!(rooms.ledger.index_of("epoch", closed.id, 3).await.unwrap(), None, "{db}");
        assert_eq!(rooms.ledger.index_of("budget", closed.id, 1).await.unwrap(), None, "{db}");

        let stored = epoch::Entity::find_by_id(closed.id).one(reader).await.unwrap().unwrap();
        assert_eq!(rooms.keyring.check(stored).unwrap(), closed, "{db}");
        assert_eq!(kind(rooms.ledger.hold_all(reader, &rows).await), Violation::Stale, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_ledger_never_had_is_not_held_whatever_its_tag() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let (rows, _) = write(&rooms, 0..1).await;
        let tagged = |mut row: epoch::Model| {
            rooms.keyring.tag(&mut row);
            rooms.keyring.check(row).unwrap()
        };
        let reader = rooms.store.read();
        assert_eq!(kind(rooms.ledger.hold(reader, &tagged(row(7))).await), Violation::Resurrected, "{db}");
        let other = epoch::Model { closed_ms: Some(9), ..rows[0].clone().into_inner() };
        assert_eq!(kind(rooms.ledger.hold(reader, &tagged(other)).await), Violation::Edited, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_many_pages_are_walked_to_their_end() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let (mut rows, _) = write(&rooms, 0..2_500).await;
        assert_eq!(rooms.ledger.hold_all(rooms.store.read(), &rows).await.unwrap().len(), 2_500, "{db}");
        assert_eq!(rooms.ledger.verify_rows(|_, _| {}).await.unwrap(), [], "{db}");

        rows.sort_by_key(|row| row.id);
        for (place, edit) in
            [(0, "closed_ms = 1"), (999, "closed_ms = 1"), (1_000, "version = 0"), (2_499, "opened_ms = 2")]
        {
            db.as_dba(&format!("UPDATE epoch SET {edit} WHERE id = {}", db.id(rows[place].id))).await;
        }
        let faults = rooms.ledger.verify_rows(|_, _| {}).await.unwrap();
        let found: Vec<_> = faults.iter().map(|fault| (fault.row, fault.kind)).collect();
        let expected = [
            (0, Violation::Edited),
            (999, Violation::Edited),
            (1_000, Violation::Stale),
            (2_499, Violation::Edited),
        ];
        assert_eq!(found, expected.map(|(place, kind)| (rows[place].id, kind)), "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verifying_while_others_write_raises_no_false_alarm() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let going = AtomicBool::new(true);
        let writers = async {
            let (mut rows, mut number) = (Vec::new(), 0);
            while going.load(Ordering::Relaxed) {
                rows.extend(write(&rooms, number..number + 20).await.0);
                number += 20;
                let row = rows.pop().unwrap();
                rows.insert(0, close(&rooms, &row, number).await);
            }
            number
        };
        let verifier = async {
            for _ in 0..15 {
                assert_eq!(rooms.ledger.verify_rows(|_, _| {}).await.unwrap(), [], "{db}");
                assert_eq!(rooms.ledger.verify(|_| {}).await.unwrap().first_fault, None, "{db}");
            }
            going.store(false, Ordering::Relaxed);
        };
        let (written, ()) = tokio::join!(writers, verifier);
        assert!(written > 20, "{db}: nothing was written meanwhile");
    }
}

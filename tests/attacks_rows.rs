//! What a database administrator without the keys may try on the rows of every protected table. `verify_rows` names the
//! table, the row and the kind; who loads the row refuses it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/filled.rs"]
mod filled;
mod support;

use entity::PROTECTED;
use filled::{id, tables};
use medicrypt::{
    keyring::Violation,
    ledger::{LedgerError, RowFault},
    store::Backend,
};
use sea_orm::{EntityTrait as _, Value};
use support::{Rooms, TestDb};
use uuid::Uuid;

/// The rows that are there in every table.
const SEEDS: [u8; 2] = [2, 4];
/// Of what an attacker puts in place.
const OTHER: u8 = 9;

async fn installation(db: &TestDb) -> Rooms {
    let rooms = support::open(db).await;
    for seed in SEEDS {
        filled::fill(&rooms.ledger, seed).await;
    }
    assert_eq!(faults(&rooms).await, []);
    rooms
}

async fn faults(rooms: &Rooms) -> Vec<RowFault> {
    rooms.ledger.verify_rows(|_, _| {}).await.unwrap()
}

fn fault(table: &str, row: Uuid, kind: Violation) -> RowFault {
    RowFault { table: table.to_owned(), row, kind }
}

/// These rows of every table.
fn everywhere(rows: &[(Uuid, Violation)]) -> Vec<RowFault> {
    let of = |table: &&str| rows.iter().map(|(row, kind)| fault(table, *row, *kind)).collect::<Vec<_>>();
    let mut faults: Vec<_> = PROTECTED.iter().flat_map(of).collect();
    faults.sort();
    faults
}

/// A value as this database writes it in SQL.
fn literal(db: &TestDb, value: &Value) -> String {
    match value {
        Value::Bool(Some(truth)) => truth.to_string().to_uppercase(),
        Value::Int(Some(number)) => number.to_string(),
        Value::BigInt(Some(number)) => number.to_string(),
        Value::String(Some(text)) => format!("'{text}'"),
        Value::Bytes(Some(bytes)) => db.bytes(bytes),
        Value::Uuid(Some(id)) => db.id(*id),
        other => panic!("{other:?} is in a protected table"),
    }
}

/// Whoever loads this row of any table does not believe it.
async fn is_believed_nowhere(rooms: &Rooms, row: Uuid) {
    macro_rules! each {
        ($($table:ident)*) => {$({
            let row = entity::$table::Entity::find_by_id(row).one(rooms.store.read()).await.unwrap().unwrap();
            let refused = rooms.keyring.check(row).expect_err(stringify!($table));
            assert_eq!((refused.table.as_str(), refused.kind), (stringify!($table), Violation::Edited));
        })*};
    }
    entity::for_each_protected!(each);
}

/// Edits the n-th column of every table at once, then the next; `edit` says what to, and what is then to be found.
async fn edit_each_column(edit: impl Fn(&TestDb, &str, &str, &Value) -> Option<(String, Vec<RowFault>)>) {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let row = db.id(id(SEEDS[0]));
        let (originals, others) = (tables(SEEDS[0]), tables(OTHER));
        let mut edited = 0;
        for n in 0..others.iter().map(|table| table.columns.len()).max().unwrap() {
            let mut statements = Vec::new();
            let mut expected = Vec::new();
            for table in &others {
                let Some((column, value)) = table.columns.get(n) else { continue };
                let Some((value, found)) = edit(&db, table.name, column, value) else { continue };
                statements.push(format!("UPDATE {} SET {column} = {value} WHERE id = {row}", table.name));
                expected.extend(found);
            }
            if statements.is_empty() {
                continue;
            }
            edited += statements.len();
            let mut aside = Vec::new();
            for table in &originals {
                aside.push(db.put_aside(table.name, id(SEEDS[0])).await);
            }
            db.as_dba(&statements.join("; ")).await;
            expected.sort();
            assert_eq!(faults(&rooms).await, expected, "{db}: column {n}");
            let strays = others.iter().map(|table| {
                format!("DELETE FROM {} WHERE id NOT IN ({row}, {})", table.name, db.id(id(SEEDS[1])))
            });
            db.as_dba(&strays.collect::<Vec<_>>().join("; ")).await;
            for copy in &aside {
                db.put_back(copy).await;
            }
            assert_eq!(faults(&rooms).await, [], "{db}: column {n} is as it was");
        }
        assert!(edited > 10, "{db}: only {edited} columns were edited");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_any_column_of_a_row_is_named() {
    edit_each_column(|db, table, column, value| {
        let row = id(SEEDS[0]);
        Some(match column {
            "id" => (
                db.id(id(OTHER)),
                vec![fault(table, row, Violation::Missing), fault(table, id(OTHER), Violation::Resurrected)],
            ),
            "version" => ("2".to_owned(), vec![fault(table, row, Violation::Edited)]),
            _ => (literal(db, value), vec![fault(table, row, Violation::Edited)]),
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_no_server_writes_is_named_and_stops_nobody() {
    edit_each_column(|db, table, column, value| {
        let row = id(SEEDS[0]);
        // SQLite takes a text for anything; PostgreSQL where a text belongs.
        let fits = db.to_string() == "SQLite" || matches!(value, Value::String(_));
        let found = match column {
            "id" => vec![fault(table, Uuid::nil(), Violation::Edited), fault(table, row, Violation::Missing)],
            _ => vec![fault(table, row, Violation::Edited)],
        };
        fits.then(|| ("'NONSENSE'".to_owned(), found))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_set_back_is_stale() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        for table in PROTECTED {
            db.as_dba(&format!("UPDATE {table} SET version = 0 WHERE id = {}", db.id(id(SEEDS[0])))).await;
        }
        assert_eq!(faults(&rooms).await, everywhere(&[(id(SEEDS[0]), Violation::Stale)]), "{db}");
        is_believed_nowhere(&rooms, id(SEEDS[0])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rows_that_swapped_their_contents_are_named() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let [one, two] = SEEDS.map(id);
        for table in PROTECTED {
            for (from, to) in [(one, id(OTHER)), (two, one), (id(OTHER), two)] {
                db.as_dba(&format!("UPDATE {table} SET id = {} WHERE id = {}", db.id(to), db.id(from))).await;
            }
        }
        assert_eq!(
            faults(&rooms).await,
            everywhere(&[(one, Violation::Edited), (two, Violation::Edited)]),
            "{db}"
        );
        is_believed_nowhere(&rooms, one).await;
        is_believed_nowhere(&rooms, two).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_rolled_back_to_an_older_version_is_stale_though_its_tag_is_right() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let row = id(SEEDS[0]);
        let mut older = Vec::new();
        // Back by one version, and by two.
        for other in [12, 14] {
            let mut copies = Vec::new();
            for table in PROTECTED {
                copies.push(db.put_aside(table, row).await);
            }
            older.insert(0, copies);
            filled::change(&rooms, SEEDS[0], other).await;
        }
        assert_eq!(faults(&rooms).await, [], "{db}");
        for copies in older {
            for copy in &copies {
                db.put_back(copy).await;
            }
            assert_eq!(faults(&rooms).await, everywhere(&[(row, Violation::Stale)]), "{db}");
            macro_rules! each {
                ($($table:ident)*) => {$({
                    let found = entity::$table::Entity::find_by_id(row).one(rooms.store.read()).await.unwrap().unwrap();
                    let believed = rooms.keyring.check(found).unwrap();
                    match rooms.ledger.hold(rooms.store.read(), &believed).await {
                        Err(LedgerError::Integrity(violation)) => assert_eq!(violation.kind, Violation::Stale, "{db}"),
                        other => panic!("{db}: an old row of {} is held: {other:?}", stringify!($table)),
                    }
                })*};
            }
            entity::for_each_protected!(each);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_rolled_back_together_with_the_ledgers_way_to_it_is_named_twice() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let row = id(SEEDS[0]);
        let mut copies = Vec::new();
        for table in PROTECTED {
            copies.push(db.put_aside(table, row).await);
        }
        let before = *rooms.ledger.head().borrow();
        filled::change(&rooms, SEEDS[0], 12).await;
        for copy in &copies {
            db.put_back(copy).await;
        }
        db.as_dba(&format!("DELETE FROM ledger_row WHERE idx > {before}")).await;
        assert_eq!(faults(&rooms).await, everywhere(&[(row, Violation::Stale)]), "{db}");
        let verdict = rooms.ledger.verify(|_| {}).await.unwrap();
        assert_eq!(verdict.first_fault, Some((before + 1, medicrypt::ledger::Fault::RowsEdited)), "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_row_is_missed() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        for table in PROTECTED {
            assert_eq!(
                db.as_dba(&format!("DELETE FROM {table} WHERE id = {}", db.id(id(SEEDS[1])))).await,
                1
            );
        }
        assert_eq!(faults(&rooms).await, everywhere(&[(id(SEEDS[1]), Violation::Missing)]), "{db}");
        let empty: Vec<_> = PROTECTED.iter().map(|table| format!("DELETE FROM {table}")).collect();
        db.as_dba(&empty.join("; ")).await;
        let all = SEEDS.map(|seed| (id(seed), Violation::Missing));
        assert_eq!(faults(&rooms).await, everywhere(&all), "{db}: every table is empty");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_row_is_resurrected() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        // The database refuses a copy of what is unique: the copy takes another's place there.
        for table in tables(OTHER) {
            let columns = table.columns.iter().map(|(column, value)| match (*column, value) {
                ("id", _) => db.id(id(OTHER)),
                ("tag" | "version", _) | (_, Value::Bool(_) | Value::Int(_)) => (*column).to_owned(),
                (_, value) => literal(&db, value),
            });
            let columns = columns.collect::<Vec<_>>().join(", ");
            let (table, row) = (table.name, db.id(id(SEEDS[0])));
            db.as_dba(&format!("INSERT INTO {table} SELECT {columns} FROM {table} WHERE id = {row}")).await;
        }
        assert_eq!(faults(&rooms).await, everywhere(&[(id(OTHER), Violation::Resurrected)]), "{db}");
        is_believed_nowhere(&rooms, id(OTHER)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_moved_to_another_table_of_the_same_shape_is_not_believed_there() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let row = id(SEEDS[0]);
        db.as_dba(&format!("DELETE FROM doctor_profile WHERE id = {}", db.id(row))).await;
        db.as_dba(&format!(
            "INSERT INTO doctor_profile SELECT * FROM admin_profile WHERE id = {}",
            db.id(row)
        ))
        .await;
        assert_eq!(faults(&rooms).await, [fault("doctor_profile", row, Violation::Edited)], "{db}");
        let moved =
            entity::doctor_profile::Entity::find_by_id(row).one(rooms.store.read()).await.unwrap().unwrap();
        assert!(rooms.keyring.check(moved).is_err(), "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_cannot_be_written_through_the_reading_side() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let delete = entity::epoch::Entity::delete_many().exec(rooms.store.read()).await;
        assert!(delete.is_err(), "{db}");
        if rooms.store.backend() == Backend::Postgres {
            use sea_orm::ConnectionTrait as _;
            let delete = rooms.store.snapshot().await.unwrap().execute_unprepared("DELETE FROM epoch").await;
            assert!(delete.is_err(), "{db}");
        }
    }
}

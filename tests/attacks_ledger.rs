//! What a database administrator without the keys may try on the ledger. `verify` names the first bad index and what is
//! wrong there; a server that runs or starts refuses to go on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use std::sync::Arc;

use crypto::{encoding::Encoder, merkle};
use entity::{epoch, ledger};
use medicrypt::{
    ledger::{By, CHECKPOINT_FILE, Draft, Fault, Filter, LedgerError, Outcome},
    store::SystemClock,
};
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _, QueryOrder as _};
use support::{Rooms, TestDb};
use uuid::Uuid;

/// Genesis, then 19 more, of which each third stands for two rows.
const ENTRIES: i64 = 20;

async fn installation(db: &TestDb) -> Rooms {
    let rooms = support::open(db).await;
    append(&rooms, ENTRIES - 1).await;
    rooms.ledger.settled().await.unwrap();
    rooms
}

async fn append(rooms: &Rooms, count: i64) {
    for n in 0..count {
        let written = rooms.ledger.write("test", move |tx| {
            Box::pin(async move {
                if n % 3 == 2 {
                    tx.insert_all(vec![row(), row()]).await?;
                }
                tx.append(Draft::new(By::Unknown, "LOGIN", Outcome::Denied).with("n", n));
                Ok::<_, LedgerError>(())
            })
        });
        written.await.unwrap();
    }
}

fn row() -> epoch::Model {
    let number = i64::from_be_bytes(Uuid::new_v4().as_bytes()[..8].try_into().unwrap());
    epoch::Model { id: Uuid::new_v4(), number, opened_ms: 1, closed_ms: None, version: 1, tag: Vec::new() }
}

async fn first_fault(rooms: &Rooms) -> Option<(i64, Fault)> {
    rooms.ledger.verify(|_| {}).await.unwrap().first_fault
}

/// What the server says that runs while it happens, and the one that is started after.
async fn refused(db: &TestDb, rooms: Rooms, attack: &str) {
    let denied = rooms.ledger.append(vec![Draft::new(By::System, "AFTER", Outcome::Done)]).await;
    assert!(denied.is_err(), "{db}: {attack}: the running server went on");
    rooms.store.close().await;
    assert!(
        support::try_open(db, Arc::new(SystemClock)).await.is_err(),
        "{db}: {attack}: a server starts on it"
    );
}

async fn leaves(rooms: &Rooms) -> Vec<ledger::Model> {
    ledger::Entity::find().order_by_asc(ledger::Column::Idx).all(rooms.store.read()).await.unwrap()
}

/// The leaf's hash as ARCHITECTURE.md publishes it: it needs no key.
fn hash(leaf: &ledger::Model) -> Vec<u8> {
    let encoding = Encoder::new("medicrypt/ledger-leaf/v1")
        .i64(leaf.leaf_version.into())
        .i64(leaf.idx)
        .i64(leaf.time_ms)
        .bytes(leaf.installation.as_bytes())
        .bytes(leaf.actor.ciphertext())
        .opt(leaf.role.as_deref().map(str::as_bytes))
        .str(&leaf.action)
        .opt(leaf.subject_tag.as_deref())
        .str(&leaf.purpose)
        .bool(leaf.break_glass)
        .str(&leaf.outcome)
        .opt(leaf.row_tag.as_deref())
        .bytes(leaf.details.ciphertext())
        .bytes(&leaf.prev_hash);
    merkle::leaf_hash(&encoding.finish()).to_vec()
}

/// Puts these leaves in place of all that are there.
async fn replace(db: &TestDb, leaves: Vec<ledger::Model>) {
    let dba = db.dba().await;
    ledger::Entity::delete_many().exec(&dba).await.unwrap();
    for leaf in leaves {
        leaf.into_active_model().reset_all().insert(&dba).await.unwrap();
    }
    dba.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_any_column_of_an_entry_is_named_and_the_entry_is_not_shown() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let bytes = db.bytes(&[7; 32]);
        let edits = [
            ("leaf_version", "2", Fault::Edited),
            ("time_ms", "time_ms + 1", Fault::Edited),
            ("installation", &db.id(Uuid::new_v4()), Fault::Edited),
            ("actor", &bytes, Fault::Edited),
            ("role", "'ADMIN'", Fault::Edited),
            ("action", "'LOGOUT'", Fault::Edited),
            ("subject_tag", &bytes, Fault::Edited),
            ("purpose", "'TREAT'", Fault::Edited),
            ("break_glass", "NOT break_glass", Fault::Edited),
            ("outcome", "'GRANTED'", Fault::Edited),
            ("row_tag", "NULL", Fault::Edited),
            ("row_tag", &bytes, Fault::Edited),
            ("details", &format!("(SELECT details FROM ledger WHERE idx = {})", 4), Fault::Edited),
            ("prev_hash", &bytes, Fault::Unlinked),
            ("hash", &bytes, Fault::Edited),
            ("mac", &bytes, Fault::Forged),
        ];
        for (column, value, fault) in edits {
            let before = leaves(&rooms).await;
            assert_eq!(db.as_dba(&format!("UPDATE ledger SET {column} = {value} WHERE idx = 9")).await, 1);
            assert_eq!(first_fault(&rooms).await, Some((9, fault)), "{db}: {column}");
            let shown = rooms.ledger.entries(&Filter { before: Some(10), ..Filter::default() }, 1).await;
            assert!(matches!(shown, Err(LedgerError::Broken(9))), "{db}: {column}: {shown:?}");
            replace(&db, before).await;
            assert_eq!(first_fault(&rooms).await, None, "{db}: {column}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_the_rows_that_an_entry_stands_for_is_named() {
    for db in support::databases().await {
        let edits = [
            "DELETE FROM ledger_row WHERE idx = 9".to_owned(),
            "DELETE FROM ledger_row WHERE idx = 9 AND position = 1".to_owned(),
            "UPDATE ledger_row SET position = 1 - position WHERE idx = 9".to_owned(),
            "UPDATE ledger_row SET idx = 10 WHERE idx = 9".to_owned(),
            format!("UPDATE ledger_row SET row_tag = {} WHERE idx = 9 AND position = 0", db.bytes(&[7; 32])),
            format!("UPDATE ledger_row SET row_key = {} WHERE idx = 9 AND position = 0", db.bytes(&[7; 32])),
            format!("INSERT INTO ledger_row VALUES ({0}, {0}, 9, 2)", db.bytes(&[7; 32])),
        ];
        let rooms = installation(&db).await;
        db.as_dba("CREATE TABLE aside AS SELECT * FROM ledger_row").await;
        for edit in edits {
            db.as_dba(&edit).await;
            assert_eq!(first_fault(&rooms).await, Some((9, Fault::RowsEdited)), "{db}: {edit}");
            db.as_dba("DELETE FROM ledger_row; INSERT INTO ledger_row SELECT * FROM aside").await;
            assert_eq!(first_fault(&rooms).await, None, "{db}: {edit}");
        }
    }
}

/// Empties the ledger with its checkpoints, for the next round.
async fn afresh(db: &TestDb) {
    db.as_dba("DELETE FROM ledger_row; DELETE FROM ledger; DELETE FROM checkpoint; DELETE FROM epoch").await;
    std::fs::remove_dir_all(db.checkpoints()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_deleted_in_the_middle_is_missed() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        db.as_dba("DELETE FROM ledger WHERE idx = 7").await;
        assert_eq!(first_fault(&rooms).await, Some((7, Fault::Missing)), "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_deleted_with_all_after_it_renumbered_is_missed() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let mut dense = leaves(&rooms).await;
        dense.remove(7);
        dense.iter_mut().zip(0..).for_each(|(leaf, idx)| leaf.idx = idx);
        replace(&db, dense).await;
        assert_eq!(first_fault(&rooms).await, Some((7, Fault::Unlinked)), "{db}");
        refused(&db, rooms, "renumbering").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_entries_that_changed_places_are_named() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let mut swapped = leaves(&rooms).await;
        swapped.swap(5, 6);
        (swapped[5].idx, swapped[6].idx) = (5, 6);
        replace(&db, swapped).await;
        assert_eq!(first_fault(&rooms).await, Some((5, Fault::Unlinked)), "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_slipped_in_between_is_named() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let mut longer = leaves(&rooms).await;
        let mut slipped = longer[5].clone();
        slipped.idx = 6;
        slipped.prev_hash = slipped.hash.clone();
        slipped.row_tag = None;
        slipped.action = "CONSENT".to_owned();
        slipped.hash = hash(&slipped);
        longer.insert(6, slipped);
        longer[7..].iter_mut().zip(7..).for_each(|(leaf, idx)| leaf.idx = idx);
        // Its successor keeps the link to the true one before, which the database refuses twice: it gets the new one.
        longer[7].prev_hash = longer[6].hash.clone();
        replace(&db, longer).await;
        assert_eq!(first_fault(&rooms).await, Some((6, Fault::Forged)), "{db}");
        refused(&db, rooms, "insertion").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_added_at_the_end_without_the_key_is_named_and_nothing_follows_it() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let mut longer = leaves(&rooms).await;
        let mut added = longer.last().unwrap().clone();
        (added.idx, added.prev_hash, added.row_tag) = (ENTRIES, added.hash.clone(), None);
        added.hash = hash(&added);
        longer.push(added);
        replace(&db, longer).await;
        assert_eq!(first_fault(&rooms).await, Some((ENTRIES, Fault::Forged)), "{db}");
        refused(&db, rooms, "a forged end").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_cannot_be_stored() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let mut fork = leaves(&rooms).await[9].clone();
        (fork.idx, fork.action) = (ENTRIES, "FORK".to_owned());
        fork.hash = hash(&fork);
        let dba = db.dba().await;
        let stored = fork.into_active_model().reset_all().insert(&dba).await;
        assert!(stored.is_err(), "{db}: two entries follow entry 8");
        dba.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_tail_is_named_and_refused() {
    for db in support::databases().await {
        for (from, keep_inside) in [(ENTRIES - 1, true), (12, true), (12, false), (1, false)] {
            let rooms = installation(&db).await;
            db.as_dba(&format!(
                "DELETE FROM ledger_row WHERE idx >= {from}; DELETE FROM ledger WHERE idx >= {from}"
            ))
            .await;
            if !keep_inside {
                db.as_dba("DELETE FROM checkpoint").await;
            }
            assert_eq!(first_fault(&rooms).await, Some((from, Fault::Truncated)), "{db}");
            older_than_checkpoint(&db, rooms, from).await;
            afresh(&db).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_tail_is_refused_even_where_the_file_of_checkpoints_is_lost() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        db.as_dba("DELETE FROM ledger_row WHERE idx >= 12; DELETE FROM ledger WHERE idx >= 12").await;
        std::fs::remove_file(db.checkpoints().join(CHECKPOINT_FILE)).unwrap();
        assert_eq!(first_fault(&rooms).await, Some((12, Fault::Truncated)), "{db}");
        older_than_checkpoint(&db, rooms, 12).await;
    }
}

async fn older_than_checkpoint(db: &TestDb, rooms: Rooms, entries: i64) {
    let denied = rooms.ledger.append(vec![Draft::new(By::System, "AFTER", Outcome::Done)]).await;
    assert!(denied.is_err(), "{db}: the running server went on after {entries}");
    rooms.store.close().await;
    match support::try_open(db, Arc::new(SystemClock)).await.map(drop) {
        Err(LedgerError::OlderThanCheckpoint { found, expected }) => {
            assert_eq!((found, expected.cast_signed()), (entries, ENTRIES), "{db}");
        }
        other => panic!("{db}: a ledger cut at {entries} is opened: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_ledger_is_named_and_refused() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        db.as_dba("DELETE FROM ledger_row; DELETE FROM ledger; DELETE FROM checkpoint").await;
        assert_eq!(first_fault(&rooms).await, Some((0, Fault::Truncated)), "{db}");
        older_than_checkpoint(&db, rooms, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_the_whole_database_is_refused() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        append(&rooms, 10).await;
        rooms.close().await;
        let backup = db.back_up().await;
        let rooms = support::open(&db).await;
        append(&rooms, 9).await;
        rooms.close().await;

        db.restore(&backup).await;
        match support::try_open(&db, Arc::new(SystemClock)).await.map(drop) {
            Err(LedgerError::OlderThanCheckpoint { found: 11, expected: 20 }) => {}
            other => panic!("{db}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_history_after_a_restore_does_not_pass_the_old_checkpoint() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        append(&rooms, 10).await;
        rooms.close().await;
        let backup = db.back_up().await;
        let file = db.checkpoints().join(CHECKPOINT_FILE);
        let rooms = support::open(&db).await;
        append(&rooms, 3).await;
        rooms.close().await;
        let witness = std::fs::read(&file).unwrap();

        // Whoever restores also hides the checkpoint, lets the server write, and then is asked for it by a witness.
        db.restore(&backup).await;
        std::fs::remove_file(&file).unwrap();
        let rooms = support::open(&db).await;
        append(&rooms, 9).await;
        rooms.ledger.settled().await.unwrap();
        std::fs::write(&file, witness).unwrap();
        assert_eq!(first_fault(&rooms).await, Some((13, Fault::OffCheckpoint)), "{db}");
        rooms.store.close().await;
        let opened = support::try_open(&db, Arc::new(SystemClock)).await.map(drop);
        assert!(matches!(opened, Err(LedgerError::Broken(13))), "{db}: {opened:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_chain_hashed_anew_without_the_key_is_forged_from_the_edit_on() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let mut chain = leaves(&rooms).await;
        assert!(
            chain.iter().all(|leaf| leaf.hash == hash(leaf)),
            "{db}: the published encoding is not the one in use"
        );
        chain[4].outcome = "GRANTED".to_owned();
        for i in 4..chain.len() {
            chain[i].prev_hash = chain[i - 1].hash.clone();
            chain[i].hash = hash(&chain[i]);
        }
        replace(&db, chain).await;
        // Without checkpoints it is no less clear.
        db.as_dba("DELETE FROM checkpoint").await;
        std::fs::remove_file(db.checkpoints().join(CHECKPOINT_FILE)).unwrap();
        assert_eq!(first_fault(&rooms).await, Some((4, Fault::Forged)), "{db}");
        refused(&db, rooms, "a new chain").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_was_edited_or_signed_by_another_is_refused() {
    for db in support::databases().await {
        let rooms = installation(&db).await;
        let file = db.checkpoints().join(CHECKPOINT_FILE);
        let good = std::fs::read_to_string(&file).unwrap();
        let other = crypto::checkpoint::CheckpointKey::from_seed(&[7; 32]);
        let forged = other.sign(&format!("medicrypt/{}", rooms.ledger.installation()), 1, [0; 32]);
        rooms.store.close().await;
        for note in
            [good.replacen("\n20\n", "\n12\n", 1), forged, String::new(), good[..good.len() / 2].to_owned()]
        {
            assert_ne!(note, good);
            std::fs::write(&file, note).unwrap();
            let opened = support::try_open(&db, Arc::new(SystemClock)).await.map(drop);
            assert!(matches!(opened, Err(LedgerError::Checkpoint(..))), "{db}: {opened:?}");
        }
        std::fs::write(&file, good).unwrap();
        support::open(&db).await.close().await;
    }
}

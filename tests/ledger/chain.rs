//! Entries in their order, their receipts, times and checkpoints.

use std::{sync::Arc, time::Duration};

use entity::ledger;
use medicrypt::{
    keyring::SystemKey,
    ledger::{By, CHECKPOINT_FILE, Draft, Filter, Outcome},
};
use sea_orm::{EntityTrait as _, QueryOrder as _};

use crate::{draft, sound, support};

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_begins_with_its_genesis_and_a_signed_checkpoint() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let entries = rooms.ledger.entries(&Filter::default(), 10).await.unwrap();
        let [genesis] = entries.as_slice() else { panic!("{db}: {} entries", entries.len()) };
        assert_eq!((genesis.index, genesis.action.as_str(), genesis.by), (0, "GENESIS", By::System), "{db}");
        assert_eq!(genesis.about, [("installation".to_owned(), rooms.ledger.installation().to_string())]);

        let note = std::fs::read_to_string(db.checkpoints().join(CHECKPOINT_FILE)).unwrap();
        let checkpoint = crypto::checkpoint::verify(&note, rooms.ledger.vkey()).unwrap();
        assert_eq!((checkpoint.size, checkpoint.root), (1, sound(&rooms.ledger).await.root), "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_name_the_entries_in_the_order_of_the_drafts() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let drafts = (0..700).map(|n| draft().with("n", n)).collect();
        let receipts = rooms.ledger.append(drafts).await.unwrap();
        assert!(receipts.iter().map(medicrypt::ledger::Receipt::index).eq(1..=700), "{db}");

        let leaves =
            ledger::Entity::find().order_by_asc(ledger::Column::Idx).all(rooms.store.read()).await.unwrap();
        assert!(
            receipts.iter().zip(&leaves[1..]).all(|(receipt, leaf)| receipt.hash()[..] == leaf.hash),
            "{db}"
        );
        assert!(leaves.windows(2).all(|pair| pair[1].prev_hash == pair[0].hash), "{db}");
        assert!(
            leaves.iter().all(|leaf| leaf.mac == rooms.keyring.mac(SystemKey::LedgerEntry, &leaf.hash)),
            "{db}"
        );

        let newest = rooms.ledger.entries(&Filter::default(), 2).await.unwrap();
        assert_eq!(newest[0].about, [("n".to_owned(), "699".to_owned())], "{db}");
        assert_eq!(*rooms.ledger.head().borrow(), 700, "{db}");
        assert!(rooms.ledger.append(Vec::new()).await.unwrap().is_empty(), "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filter_finds_what_it_says_and_the_sealed_part_opens() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let doctor = uuid::Uuid::new_v4();
        let by = By::Account(doctor, entity::Role::Doctor);
        let mut denied = Draft::new(by, "READ_RECORD", Outcome::Denied).with("reason", "no relation");
        denied.break_glass = true;
        rooms
            .ledger
            .append(vec![draft(), denied, draft(), Draft::new(By::Unknown, "LOGIN", Outcome::Denied)])
            .await
            .unwrap();

        let found = async |filter: Filter| {
            let entries = rooms.ledger.entries(&filter, 100).await.unwrap();
            entries.iter().map(|entry| entry.index).collect::<Vec<_>>()
        };
        assert_eq!(
            found(Filter { outcome: Some("DENIED".into()), ..Filter::default() }).await,
            [4, 2],
            "{db}"
        );
        assert_eq!(
            found(Filter { role: Some(entity::Role::Doctor), ..Filter::default() }).await,
            [2],
            "{db}"
        );
        assert_eq!(found(Filter { action: Some("TEST".into()), ..Filter::default() }).await, [3, 1], "{db}");
        assert_eq!(found(Filter { before: Some(2), ..Filter::default() }).await, [1, 0], "{db}");

        let entry =
            &rooms.ledger.entries(&Filter { before: Some(3), ..Filter::default() }, 1).await.unwrap()[0];
        assert_eq!((entry.by, entry.break_glass), (by, true), "{db}");
        assert_eq!(entry.about, [("reason".to_owned(), "no relation".to_owned())], "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_that_runs_backwards_is_clamped() {
    for db in support::databases().await {
        let clock = support::TestClock::at(1_000_000);
        let rooms = support::open_at(&db, clock.clone()).await;
        for now_ms in [2_000_000, 1_500_000, 0, 3_000_000] {
            clock.set(now_ms);
            rooms.ledger.append(vec![draft()]).await.unwrap();
        }
        // Nor does it after a restart by a clock that is behind.
        rooms.close().await;
        clock.set(7);
        let rooms = support::open_at(&db, clock).await;
        rooms.ledger.append(vec![draft()]).await.unwrap();

        let entries = rooms.ledger.entries(&Filter::default(), 10).await.unwrap();
        let times: Vec<i64> = entries.iter().rev().map(|entry| entry.time_ms).collect();
        assert_eq!(times, [1_000_000, 2_000_000, 2_000_000, 2_000_000, 3_000_000, 3_000_000], "{db}");
        sound(&rooms.ledger).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_has_its_checkpoint_within_seconds_and_the_chain_goes_on_after_a_restart() {
    for db in support::databases().await {
        let mut rooms = support::open(&db).await;
        for round in 1..4 {
            rooms.ledger.append((0..round).map(|_| draft()).collect()).await.unwrap();
            rooms.ledger.settled().await.unwrap();
            let note = std::fs::read_to_string(db.checkpoints().join(CHECKPOINT_FILE)).unwrap();
            let checkpoint = crypto::checkpoint::verify(&note, rooms.ledger.vkey()).unwrap();
            let verdict = sound(&rooms.ledger).await;
            assert_eq!((checkpoint.size, checkpoint.root), (verdict.entries, verdict.root), "{db}");
            rooms = rooms.reopen(&db).await;
        }
        assert_eq!(sound(&rooms.ledger).await.entries, 1 + 1 + 2 + 3, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_dropped_lets_go_of_its_databases() {
    for db in support::databases().await {
        let support::Rooms { store, keyring, unsealer, ledger } = support::open(&db).await;
        ledger.append(vec![draft()]).await.unwrap();
        drop((ledger, keyring, unsealer));
        for _ in 0..50 {
            if Arc::strong_count(&store) == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(Arc::strong_count(&store), 1, "{db}: a task of the ledger goes on without it");
    }
}

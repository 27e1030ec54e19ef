//! A patient's own entries: complete, in order, and found by nobody without the patient's key.

use std::{collections::BTreeSet, sync::Arc};

use entity::ledger;
use medicrypt::{
    keyring::PatientKey,
    ledger::{Draft, LedgerError},
    store::Backend,
};
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use crate::{draft, sound, support};

async fn patient(rooms: &support::Rooms) -> Arc<PatientKey> {
    let id = Uuid::new_v4();
    rooms.keyring.create_patients(&[id]).await.unwrap();
    Arc::new(rooms.keyring.patient(id).await.unwrap())
}

fn of(patient: &Arc<PatientKey>) -> Draft {
    draft().of(patient.clone(), "TREAT")
}

async fn indexes(rooms: &support::Rooms, patient: &PatientKey) -> Vec<i64> {
    rooms.ledger.entries_of(patient).await.unwrap().iter().map(|entry| entry.index).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patients_entries_are_complete_across_nodes() {
    for db in support::databases().await {
        let mut nodes = vec![support::open(&db).await];
        if nodes[0].store.backend() == Backend::Postgres {
            nodes.push(support::open(&db).await);
        }
        let patients = [patient(&nodes[0]).await, patient(&nodes[0]).await];
        let mut tasks = Vec::new();
        for (node, n) in nodes.iter().flat_map(|node| (0..4).map(move |n| (node, n))) {
            let (ledger, patients) = (node.ledger.clone(), patients.clone());
            tasks.push(tokio::spawn(async move {
                let mut mine = Vec::new();
                for round in 0..40 {
                    let drafts = [of(&patients[0]), draft(), of(&patients[1]), of(&patients[0])];
                    let receipts = ledger.append(drafts[(n + round) % 3..].to_vec()).await.unwrap();
                    let own = (n + round) % 3;
                    // The last of the four is always the first patient's.
                    mine.push(receipts.last().unwrap().index());
                    if own == 0 {
                        mine.push(receipts[0].index());
                    }
                }
                mine
            }));
        }
        let mut expected = BTreeSet::new();
        for task in tasks {
            expected.extend(task.await.unwrap());
        }
        // A node that has seen none of it knows as much.
        nodes.push(support::open(&db).await);
        for node in &nodes {
            assert!(indexes(node, &patients[0]).await.iter().eq(&expected), "{db}");
        }
        let entries = nodes[0].ledger.entries_of(&patients[0]).await.unwrap();
        assert!(entries.iter().all(|entry| entry.patient == Some(patients[0].patient())), "{db}");
        sound(&nodes[0].ledger).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_among_a_patients_entries_is_seen_wherever_it_is() {
    for db in support::databases().await {
        for (count, missing) in [(3, 0), (3, 1), (501, 499), (1_001, 500), (1_200, 999)] {
            let rooms = support::open(&db).await;
            let patient = patient(&rooms).await;
            let receipts = rooms.ledger.append((0..count).map(|_| of(&patient)).collect()).await.unwrap();
            assert_eq!(indexes(&rooms, &patient).await.len(), count, "{db}");

            db.as_dba(&format!(
                "UPDATE ledger SET subject_tag = NULL WHERE idx = {}",
                receipts[missing].index()
            ))
            .await;
            let after = receipts[missing + 1].index();
            match rooms.ledger.entries_of(&patient).await {
                Err(LedgerError::Broken(index)) => assert_eq!(index, after, "{db}"),
                other => panic!(
                    "{db}: entry {missing} of {count} is missing: {:?}",
                    other.map(|found| found.len())
                ),
            }
            rooms.store.close().await;
            db.as_dba("DELETE FROM ledger; DELETE FROM checkpoint").await;
            std::fs::remove_dir_all(db.checkpoints()).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tag_tells_whose_it_is_and_none_is_there_twice() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let patient = patient(&rooms).await;
        rooms.ledger.append((0..20).map(|_| of(&patient)).collect()).await.unwrap();
        let leaves = ledger::Entity::find().all(rooms.store.read()).await.unwrap();
        let tags: Vec<_> = leaves.iter().filter_map(|leaf| leaf.subject_tag.clone()).collect();
        assert_eq!(tags.iter().collect::<BTreeSet<_>>().len(), 20, "{db}");
        let needle = patient.patient();
        let holds = |bytes: &[u8]| bytes.windows(16).any(|window| window == needle.as_bytes());
        assert!(leaves.iter().all(|leaf| !holds(leaf.details.ciphertext())), "{db}");
    }
}

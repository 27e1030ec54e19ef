//! Appends side by side: no fork, no gap, none lost.

use std::{collections::BTreeSet, time::Instant};

use crate::{draft, sound, support};

/// `writers` tasks append `each` entries, one after the other; every receipt must be a place of its own.
async fn append_from(db: &support::TestDb, writers: i64, each: i64) {
    let rooms = support::open(db).await;
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let ledger = rooms.ledger.clone();
            tokio::spawn(async move {
                let mut places = Vec::new();
                for n in 0..each {
                    let receipts =
                        ledger.append(vec![draft().with("writer", writer).with("n", n)]).await.unwrap();
                    places.extend(receipts.iter().map(|receipt| (receipt.index(), *receipt.hash())));
                }
                assert!(places.is_sorted(), "a later entry of one writer got an earlier place");
                places
            })
        })
        .collect();
    let mut places = BTreeSet::new();
    for task in tasks {
        places.extend(task.await.unwrap());
    }
    let seconds = start.elapsed().as_secs_f64();
    let total = writers * each;
    eprintln!(
        "{db}: {writers} writers x {each} appends in {seconds:.1} s, {:.0} a second",
        total as f64 / seconds
    );
    assert!(places.iter().map(|(index, _)| *index).eq(1..=total), "{db}: a gap, or one place given twice");
    assert_eq!(sound(&rooms.ledger).await.entries.cast_signed(), 1 + total, "{db}");
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_make_one_chain() {
    for db in support::databases().await {
        append_from(&db, 8, 1_000).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "soak"]
async fn soak_eight_writers_make_one_chain_of_80_000() {
    for db in support::databases().await {
        append_from(&db, 8, 10_000).await;
    }
}

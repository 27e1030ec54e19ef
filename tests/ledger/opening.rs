//! Founding by several nodes at once, and how long a start takes.

use std::{sync::Arc, time::Instant};

use medicrypt::{
    ledger::{Filter, LedgerError},
    store::SystemClock,
};

use crate::{draft, numbered, sound, support};

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_found_at_the_same_time_found_one_installation() {
    for db in support::databases().await {
        // SQLite belongs to one node.
        let nodes = if db.to_string() == "SQLite" { 1 } else { 4 };
        let opening = (0..nodes).map(|_| support::try_open(&db, Arc::new(SystemClock)));
        let nodes = futures::future::join_all(opening).await;
        let nodes: Vec<_> =
            nodes.into_iter().map(|node| node.unwrap_or_else(|e| panic!("{db}: {e}"))).collect();
        for (node, before) in nodes.iter().zip(0..) {
            let entries = node.ledger.entries(&Filter::default(), 10).await.unwrap();
            let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
            assert_eq!(actions, [vec!["TEST"; before], vec!["GENESIS"]].concat(), "{db}");
            assert_eq!(node.ledger.installation(), nodes[0].ledger.installation(), "{db}");
            // All have the same keys.
            node.ledger.append(vec![draft()]).await.unwrap();
            for node in &nodes {
                sound(&node.ledger).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "soak"]
async fn soak_a_start_with_80_000_entries() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        for _ in 0..80 {
            let thousand = rooms.ledger.write("a thousand rows", |tx| {
                Box::pin(async move {
                    for _ in 0..1_000 {
                        tx.insert(numbered(uuid::Uuid::new_v4().as_u64_pair().0.cast_signed() >> 1)).await?;
                        tx.append(draft());
                    }
                    Ok::<_, LedgerError>(())
                })
            });
            thousand.await.unwrap();
        }
        rooms.close().await;
        let start = Instant::now();
        let rooms = support::open(&db).await;
        eprintln!("{db}: opened in {:.2} s", start.elapsed().as_secs_f64());
        assert_eq!(*rooms.ledger.head().borrow(), 80_000, "{db}");
    }
}

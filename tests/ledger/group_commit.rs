//! Many callers, one commit: what happens to one happens to no other.

use std::{sync::Arc, time::Duration};

use entity::epoch;
use medicrypt::{
    ledger::{LedgerError, Written},
    store::Backend,
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, EntityTrait as _, PaginatorTrait as _};
use tokio::sync::Semaphore;

use crate::{draft, numbered, sound, support};

/// What keeps the ledger from committing.
struct Busy {
    gate: Arc<Semaphore>,
    other: DatabaseConnection,
}

impl Busy {
    async fn end(self) {
        self.gate.add_permits(1);
        self.other.close().await.unwrap();
    }
}

/// Occupies the writer, so that what is submitted meanwhile becomes one batch; on PostgreSQL, where jobs have transactions
/// of their own, also the lock of the ledger, as another node would.
async fn busy(db: &support::TestDb, rooms: &support::Rooms) -> Busy {
    let other = db.dba().await;
    if rooms.store.backend() == Backend::Postgres {
        other.execute_unprepared("SELECT pg_advisory_lock(7023373)").await.unwrap();
    }
    let (gate, entered) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (ledger, inner, inside) = (rooms.ledger.clone(), gate.clone(), entered.clone());
    tokio::spawn(async move {
        ledger
            .write("busy", move |_| {
                let (gate, entered) = (inner.clone(), inside.clone());
                Box::pin(async move {
                    entered.add_permits(1);
                    gate.acquire().await.unwrap().forget();
                    Ok::<_, LedgerError>(())
                })
            })
            .await
    });
    entered.acquire().await.unwrap().forget();
    Busy { gate, other }
}

async fn write(ledger: &medicrypt::ledger::Ledger, number: i64) -> Result<Written<i64>, LedgerError> {
    ledger
        .write("test", move |tx| {
            Box::pin(async move {
                tx.insert(numbered(number)).await?;
                match number % 5 {
                    // Fails after it has written.
                    1 => return Err(LedgerError::Conflict),
                    2 => panic!("this job dies, as the test wants"),
                    // The database refuses a statement.
                    3 => tx
                        .connection()
                        .execute_unprepared("INSERT INTO nowhere VALUES (1)")
                        .await
                        .map(drop)?,
                    // Forgets its entry.
                    4 => return Ok(number),
                    _ => {}
                }
                tx.append(draft().with("number", number));
                tx.append(draft());
                Ok(number)
            })
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_or_panics_or_forgets_its_entry_is_rolled_back_alone() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let busy = busy(&db, &rooms).await;
        let jobs: Vec<_> = (0..50)
            .map(|number| {
                let ledger = rooms.ledger.clone();
                tokio::spawn(async move { write(&ledger, number).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        busy.end().await;
        for (number, job) in jobs.into_iter().enumerate() {
            let answer = job.await.unwrap();
            match (number % 5, answer) {
                (0, Ok(written)) => {
                    assert_eq!(written.value, i64::try_from(number).unwrap());
                    let [first, second] = written.receipts.as_slice() else {
                        panic!("{db}: not two receipts")
                    };
                    assert_eq!(first.index() + 1, second.index(), "{db}");
                }
                (1, Err(LedgerError::Conflict))
                | (2, Err(LedgerError::Stopped))
                | (3, Err(LedgerError::Store(_))) => {}
                (4, Err(LedgerError::Unrecorded)) => {}
                (_, answer) => panic!("{db}: job {number} was answered {answer:?}"),
            }
        }
        assert_eq!(epoch::Entity::find().count(rooms.store.read()).await.unwrap(), 10, "{db}");
        assert_eq!(sound(&rooms.ledger).await.entries, 1 + 2 * 10, "{db}");
        assert_eq!(rooms.ledger.verify_rows(|_, _| {}).await.unwrap(), [], "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_caller_went_away_still_commits() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let busy = busy(&db, &rooms).await;
        let ledger = rooms.ledger.clone();
        let caller = tokio::spawn(async move { write(&ledger, 10).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled(), "{db}");
        busy.end().await;

        let mut head = rooms.ledger.head();
        let committed = tokio::time::timeout(Duration::from_secs(10), head.wait_for(|head| *head == 2)).await;
        assert!(committed.is_ok(), "{db}: the job went with its caller");
        assert_eq!(epoch::Entity::find().count(rooms.store.read()).await.unwrap(), 1, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_of_one_version_of_a_row_the_second_is_a_conflict() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let row = rooms
            .ledger
            .write("make", |tx| {
                Box::pin(async move {
                    let row = tx.insert(numbered(1)).await?;
                    tx.append(draft());
                    Ok::<_, LedgerError>(row)
                })
            })
            .await
            .unwrap()
            .value;
        let changes = (0..8).map(|n| {
            let (ledger, row) = (rooms.ledger.clone(), row.clone());
            tokio::spawn(async move {
                let change = ledger.write("change", move |tx| {
                    let row = row.clone();
                    Box::pin(async move {
                        tx.update(&row, |row| row.closed_ms = Some(n)).await?;
                        tx.append(draft());
                        Ok::<_, LedgerError>(())
                    })
                });
                change.await
            })
        });
        let mut done = 0;
        for change in changes.collect::<Vec<_>>() {
            match change.await.unwrap() {
                Ok(_) => done += 1,
                Err(LedgerError::Conflict) => {}
                Err(error) => panic!("{db}: {error}"),
            }
        }
        assert_eq!(done, 1, "{db}");
        assert_eq!(sound(&rooms.ledger).await.entries, 3, "{db}");
        assert_eq!(rooms.ledger.verify_rows(|_, _| {}).await.unwrap(), [], "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_so_at_once_and_loses_nothing_that_it_took() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let busy = busy(&db, &rooms).await;
        let callers: Vec<_> = (0..5_000)
            .map(|_| {
                let ledger = rooms.ledger.clone();
                tokio::spawn(async move { ledger.append(vec![draft()]).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        busy.end().await;
        let (mut taken, mut refused) = (0, 0);
        for caller in callers {
            match caller.await.unwrap() {
                Ok(receipts) => taken += receipts.len(),
                Err(LedgerError::Overloaded) => refused += 1,
                Err(error) => panic!("{db}: {error}"),
            }
        }
        assert!(refused > 0, "{db}: 5 000 waited and none was refused");
        assert_eq!(sound(&rooms.ledger).await.entries, 1 + taken as u64, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_rolled_back_behind_the_servers_back_takes_no_other_job_of_its_batch_along() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        write(&rooms.ledger, 10).await.unwrap();
        let row = epoch::Entity::find().one(rooms.store.read()).await.unwrap().unwrap();
        let old = rooms.keyring.check(row).unwrap();
        let backup = db.put_aside("epoch", old.id).await;
        let advance = |row: medicrypt::keyring::Checked<epoch::Model>| {
            let ledger = rooms.ledger.clone();
            async move {
                let advance = ledger.write("advance", move |tx| {
                    let row = row.clone();
                    Box::pin(async move {
                        tx.update(&row, |row| row.closed_ms = Some(1)).await?;
                        tx.append(draft());
                        Ok::<_, LedgerError>(())
                    })
                });
                advance.await
            }
        };
        advance(old.clone()).await.unwrap();
        db.put_back(&backup).await;

        let busy = busy(&db, &rooms).await;
        let again = tokio::spawn(advance(old));
        let other = tokio::spawn({
            let ledger = rooms.ledger.clone();
            async move { write(&ledger, 15).await }
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        busy.end().await;
        assert!(again.await.unwrap().is_err(), "{db}: a rolled-back row was written on");
        assert_eq!(other.await.unwrap().unwrap().value, 15, "{db}");
    }
}

//! Group commit: many callers, one transaction, one sync to disk.
//!
//! On SQLite one task owns writing: it takes what is queued, runs each job in a savepoint of its own (a failing job
//! rolls back alone), appends all entries, commits once, then answers all. On PostgreSQL jobs run side by side in
//! transactions of their own, and the task batches the entries that come without changes (decisions, logins).
//! A caller that goes away does not take its job along.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::{FutureExt as _, future::BoxFuture};
use tokio::sync::{mpsc, oneshot};

use super::{
    Draft, Ledger, LedgerError, Receipt, Room, Tx,
    append::{Appended, append},
    tx::Pending,
};
use crate::{keyring::RowChange, store};

/// Works of one commit.
const BATCH: usize = 256;
/// Tries of one transaction on serialisation failures and deadlocks.
const TRIES: u32 = 3;

/// What a job made, and the entries that stand for it.
#[derive(Debug)]
pub struct Written<T> {
    /// The job's own result.
    pub value: T,
    /// One receipt per appended entry, in order.
    pub receipts: Vec<Receipt>,
}

/// What waits for the writer.
pub(super) enum Work {
    /// Entries alone.
    Entries(Vec<Draft>, oneshot::Sender<Result<Vec<Receipt>, LedgerError>>),
    /// A job and its entries.
    Job(Box<dyn Job>),
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Entries(..) => "Entries",
            Self::Job(_) => "Job",
        })
    }
}

/// A job whose types are forgotten, so that one queue takes all.
pub(super) trait Job: Send {
    /// Runs once inside `tx`; says whether its changes are to stay.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool>;
    /// Whether the failure may pass when tried again.
    fn may_retry(&self) -> bool;
    /// Tells the caller, after the commit.
    fn answer(self: Box<Self>, committed: Result<Vec<Receipt>, LedgerError>);
}

struct Typed<F, T, E> {
    name: &'static str,
    job: F,
    result: Option<Result<T, E>>,
    transient: fn(&E) -> bool,
    reply: oneshot::Sender<Result<Written<T>, E>>,
}

impl<F, T, E> Job for Typed<F, T, E>
where
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send,
    T: Send,
    E: From<LedgerError> + Send,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool> {
        async move {
            let result = AssertUnwindSafe((self.job)(tx)).catch_unwind().await.unwrap_or_else(|_| {
                tracing::error!(job = self.name, "a write job panicked; it is rolled back");
                Err(LedgerError::Stopped.into())
            });
            let stays = result.is_ok();
            self.result = Some(result);
            stays
        }
        .boxed()
    }

    fn may_retry(&self) -> bool {
        matches!(&self.result, Some(Err(error)) if (self.transient)(error))
    }

    fn answer(self: Box<Self>, committed: Result<Vec<Receipt>, LedgerError>) {
        let answer = match (self.result, committed) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(receipts)) => Ok(Written { value, receipts }),
            (_, Err(error)) => Err(error.into()),
            (None, Ok(_)) => Err(LedgerError::Stopped.into()),
        };
        // The caller may have gone; its job stands all the same.
        drop(self.reply.send(answer));
    }
}

/// Errors that know whether their transaction may be tried again.
pub trait Transient {
    /// True for serialisation failures and deadlocks.
    fn is_transient(&self) -> bool;
}

impl Transient for LedgerError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

impl Ledger {
    /// Appends entries and waits for their commit.
    ///
    /// # Errors
    /// As [`LedgerError`]; nothing is then recorded.
    pub async fn append(&self, drafts: Vec<Draft>) -> Result<Vec<Receipt>, LedgerError> {
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        let (reply, answer) = oneshot::channel();
        self.submit(Work::Entries(drafts, reply))?;
        answer.await.map_err(|_| LedgerError::Stopped)?
    }

    /// Runs `job` in a write transaction of that name, appends its entries and waits for the commit. The job may run
    /// several times, and should wait for nothing but the database.
    ///
    /// # Errors
    /// The job's own, or [`LedgerError`] as the job's error; nothing is then written.
    pub async fn write<T, E, F>(&self, name: &'static str, job: F) -> Result<Written<T>, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<LedgerError> + Transient + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Typed { name, job, result: None, transient: E::is_transient, reply };
        match self.room.store.backend() {
            store::Backend::Sqlite => self.submit(Work::Job(Box::new(job)))?,
            store::Backend::Postgres => drop(tokio::spawn(alone(self.room.clone(), Box::new(job)))),
        }
        answer.await.map_err(|_| LedgerError::Stopped)?
    }

    fn submit(&self, work: Work) -> Result<(), LedgerError> {
        self.queue.try_send(work).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => LedgerError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => LedgerError::Stopped,
        })
    }
}

/// The writer task: until every [`Ledger`] is gone and the queue is empty.
pub(super) async fn run(room: Arc<Room>, mut queue: mpsc::Receiver<Work>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        together(&room, std::mem::take(&mut batch)).await;
    }
}

/// One job in a transaction of its own.
async fn alone(room: Arc<Room>, mut job: Box<dyn Job>) {
    for attempt in 1..=TRIES {
        let outcome = attempt_alone(&room, job.as_mut()).await;
        let again = match &outcome {
            Ok(None) => job.may_retry(),
            Ok(Some(_)) => false,
            Err(error) => error.is_transient(),
        };
        if again && attempt < TRIES {
            tracing::debug!(attempt, "a transaction is tried again");
            continue;
        }
        let committed = outcome.map(|appended| appended.map(|a| a.receipts).unwrap_or_default());
        return job.answer(committed);
    }
}

/// `None` where the job itself failed and was rolled back.
async fn attempt_alone(room: &Arc<Room>, job: &mut dyn Job) -> Result<Option<Appended>, LedgerError> {
    let mut tx = Tx::new(room.store.begin().await?, room.clone(), Arc::default());
    if !job.run(&mut tx).await {
        return Ok(None);
    }
    let (tx, entries) = tx.finish()?;
    let appended = append(room, &tx, &entries).await?;
    tx.commit().await?;
    appended.committed(room);
    Ok(Some(appended))
}

/// A caller that waits for its part of the batch, and how many entries are its own.
enum Waiting {
    Entries(Vec<Draft>, oneshot::Sender<Result<Vec<Receipt>, LedgerError>>),
    Job(usize, Box<dyn Job>),
}

impl Waiting {
    fn answer(self, own: impl FnOnce(usize) -> Result<Vec<Receipt>, LedgerError>) {
        match self {
            Self::Entries(drafts, reply) => drop(reply.send(own(drafts.len()))),
            Self::Job(count, job) => job.answer(own(count)),
        }
    }

    fn again(self) -> Work {
        match self {
            Self::Entries(drafts, reply) => Work::Entries(drafts, reply),
            Self::Job(_, job) => Work::Job(job),
        }
    }
}

/// All that was queued, in one transaction. Where that fails, each in one of its own: the one that cannot be recorded
/// (a row that was rolled back behind the server's back, say) takes no other along.
async fn together(room: &Arc<Room>, batch: Vec<Work>) {
    let mut waiting = Vec::with_capacity(batch.len());
    match attempt_together(room, batch, &mut waiting).await.map_err(Arc::new) {
        Ok(appended) => {
            let mut receipts = appended.receipts.as_slice();
            for caller in waiting {
                caller.answer(|count| {
                    let (own, rest) = receipts.split_at(count);
                    receipts = rest;
                    Ok(own.to_vec())
                });
            }
        }
        Err(error) if waiting.len() > 1 => {
            tracing::warn!(%error, works = waiting.len(), "a batch failed: each is tried alone");
            for caller in waiting {
                Box::pin(together(room, vec![caller.again()])).await;
            }
        }
        Err(error) => {
            for caller in waiting {
                caller.answer(|_| Err(LedgerError::Batch(error.clone())));
            }
        }
    }
}

async fn attempt_together(
    room: &Arc<Room>,
    batch: Vec<Work>,
    waiting: &mut Vec<Waiting>,
) -> Result<Appended, LedgerError> {
    // Whoever is in `batch` must be answered, so a begin that fails is told to all of them.
    let begun = room.store.begin().await;
    let mut entries: Vec<(Draft, Vec<RowChange>)> = Vec::new();
    let mut pending = Arc::new(Pending::new());
    for work in batch {
        match work {
            Work::Entries(drafts, reply) => {
                entries.extend(drafts.iter().map(|draft| (draft.clone(), Vec::new())));
                waiting.push(Waiting::Entries(drafts, reply));
            }
            Work::Job(mut job) => {
                let own = match &begun {
                    Ok(tx) => in_savepoint(room, tx, job.as_mut(), pending.clone()).await,
                    Err(_) => Ok(Vec::new()),
                };
                match own {
                    Ok(own) => {
                        waiting.push(Waiting::Job(own.len(), job));
                        let rows = own.iter().flat_map(|(_, rows)| rows);
                        Arc::make_mut(&mut pending).extend(rows.map(|row| (row.row_key, row.row_tag)));
                        entries.extend(own);
                    }
                    Err(error) => job.answer(Err(error)),
                }
            }
        }
    }
    let tx = begun?;
    let appended = append(room, &tx, &entries).await?;
    tx.commit().await?;
    appended.committed(room);
    Ok(appended)
}

/// The entries of a job whose changes stay; none where it failed and was taken back.
async fn in_savepoint(
    room: &Arc<Room>,
    tx: &store::Tx,
    job: &mut dyn Job,
    before: Arc<Pending>,
) -> Result<Vec<(Draft, Vec<RowChange>)>, LedgerError> {
    let mut inner = Tx::new(tx.savepoint().await?, room.clone(), before);
    if !job.run(&mut inner).await {
        inner.rollback().await?;
        return Ok(Vec::new());
    }
    let (inner, entries) = inner.finish()?;
    inner.commit().await?;
    Ok(entries)
}

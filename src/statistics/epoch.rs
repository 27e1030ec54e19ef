//! Epochs: what is recorded counts in the open one, what is asked is answered from the last closed one.
//!
//! Closing has two transactions. The first opens the next epoch, and from then on the old one takes no more vitals; the
//! sums are then advanced at leisure, and the second writes them. A closing that broke off in between is taken up
//! by the next one.

use crypto::encoding::Encoder;
use entity::{epoch, patient};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::{Metric, Statistics, StatisticsError, payload::StatisticSum};
use crate::{
    keyring::{Checked, IntegrityViolation, Violation},
    ledger::{By, Draft, LedgerError, Outcome, Tx},
    store::Backend,
};

impl Statistics {
    /// The epoch in which a vital counts that is written in this transaction; it stays open until the commit.
    ///
    /// # Errors
    /// An epoch that was edited or deleted.
    pub async fn open_epoch(&self, tx: &Tx) -> Result<i64, StatisticsError> {
        let mut newest = newest(tx.connection()).await?;
        if tx.backend() == Backend::Postgres {
            loop {
                // Whoever opens the next epoch holds this row; waiting for it may have made it the last but one.
                epoch::Entity::find_by_id(newest.id).lock_shared().one(tx.connection()).await?;
                let again = self::newest(tx.connection()).await?;
                if again.id == newest.id {
                    break;
                }
                newest = again;
            }
        }
        let newest = self.keyring.check(newest)?;
        if newest.closed_ms.is_some() {
            return Err(missing(self.epoch_id(newest.number + 1)));
        }
        Ok(newest.number)
    }

    /// Closes the open epoch: from now on statistics answer on it. Gives its number. Takes time in proportion to what
    /// changed in it.
    ///
    /// # Errors
    /// A row that was edited, rolled back or deleted; [`LedgerError::Conflict`] where another node closed it meanwhile.
    pub async fn close_epoch(&self, by: By) -> Result<i64, StatisticsError> {
        let _turn = self.closing.lock().await;
        let closing = self.no_longer_open(by).await?;
        let number = closing.number;
        let closed_ms = self.keyring.around().now_ms();
        let patients = patient::Entity::find().count(self.store.read()).await?;
        let patients = i64::try_from(patients).unwrap_or(i64::MAX);
        let mut sums = Vec::with_capacity(Metric::ALL.len());
        for metric in Metric::ALL {
            let there = self.sum(metric).await?;
            let ciphertext = self.advanced(metric, there.as_ref(), number).await?;
            let value =
                StatisticSum { epoch: number, closed_ms, patients, ciphertext: ciphertext.to_bytes() };
            sums.push((self.sum_row(metric, there.as_ref(), &value)?, there.map(|(row, _)| row)));
        }
        self.ledger
            .write("close epoch", move |tx| {
                let (closing, sums) = (closing.clone(), sums.clone());
                Box::pin(async move {
                    tx.update(&closing, |epoch| epoch.closed_ms = Some(closed_ms)).await?;
                    for (next, there) in sums {
                        match there {
                            Some(there) => {
                                tx.update(&there, |row| (row.epoch, row.value) = (next.epoch, next.value))
                                    .await?
                            }
                            None => tx.insert(next).await?,
                        };
                    }
                    tx.append(Draft::new(by, "EPOCH_CLOSED", Outcome::Done).with("epoch", number));
                    Ok::<_, StatisticsError>(())
                })
            })
            .await?;
        Ok(number)
    }

    /// Epoch 1, opened by whichever node is first.
    pub(super) async fn open_first_epoch(&self) -> Result<(), StatisticsError> {
        if self.held::<epoch::Model>(self.epoch_id(1)).await?.is_some() {
            return Ok(());
        }
        match self.open_next(By::System, None).await {
            Err(error) if error.is_conflict() => Ok(()),
            opened => opened,
        }
    }

    /// The id of an epoch's row.
    pub(super) fn epoch_id(&self, number: i64) -> Uuid {
        self.derived(&Encoder::new("medicrypt/epoch/v1").i64(number).finish()).0
    }

    /// The epoch that is to be summed: one whose closing broke off, or the open one, after which the next is now open.
    async fn no_longer_open(&self, by: By) -> Result<Checked<epoch::Model>, StatisticsError> {
        let unclosed = epoch::Entity::find()
            .filter(epoch::Column::ClosedMs.is_null())
            .order_by_asc(epoch::Column::Number)
            .all(self.store.read())
            .await?;
        let first = unclosed.first().ok_or_else(|| missing(self.epoch_id(1)))?;
        let number = first.number;
        let closing =
            self.held::<epoch::Model>(self.epoch_id(number)).await?.ok_or_else(|| missing(first.id))?;
        if self.held::<epoch::Model>(self.epoch_id(number + 1)).await?.is_none() {
            match self.open_next(by, Some(closing.clone())).await {
                // Another node opened it: then it closes this one too, and one of the two is told of a conflict.
                Err(error) if error.is_conflict() => {}
                opened => opened?,
            }
        }
        Ok(closing)
    }

    async fn open_next(&self, by: By, after: Option<Checked<epoch::Model>>) -> Result<(), StatisticsError> {
        let number = after.as_ref().map_or(1, |last| last.number + 1);
        let opened_ms = self.keyring.around().now_ms();
        let row = epoch::Model {
            id: self.epoch_id(number),
            number,
            opened_ms,
            closed_ms: None,
            version: 1,
            tag: Vec::new(),
        };
        self.ledger
            .write("open epoch", move |tx| {
                let (row, after) = (row.clone(), after.clone());
                Box::pin(async move {
                    if let Some(after) = after {
                        // Waits for every transaction that counts a vital in the epoch that ends here.
                        epoch::Entity::find_by_id(after.id).lock_exclusive().one(tx.connection()).await?;
                    }
                    tx.insert(row).await?;
                    tx.append(Draft::new(by, "EPOCH_OPENED", Outcome::Done).with("epoch", number));
                    Ok::<_, StatisticsError>(())
                })
            })
            .await?;
        Ok(())
    }
}

async fn newest(connection: &impl ConnectionTrait) -> Result<epoch::Model, StatisticsError> {
    let newest = epoch::Entity::find().order_by_desc(epoch::Column::Number).one(connection).await?;
    newest.ok_or_else(|| missing(Uuid::nil()))
}

fn missing(id: Uuid) -> StatisticsError {
    LedgerError::from(IntegrityViolation::new("epoch", id, Violation::Missing)).into()
}

//! The privacy budget: what may be spent in a year, by all and by one analyst, in thousandths of epsilon. A question is charged
//! before it is answered, in one transaction with its release and its entry, and never refunded.

use chrono::{DateTime, Datelike as _};
use crypto::encoding::Encoder;
use entity::{ReleaseStatus, budget, release};
use uuid::Uuid;

use super::{Statistics, StatisticsError, held::TRIES, payload::ReleaseParameters};
use crate::{
    keyring::Checked,
    ledger::{By, Draft, Outcome},
};

/// What may be spent, in thousandths of epsilon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// By everyone together in a calendar year (UTC).
    pub dataset_milli: i64,
    /// By one analyst in a calendar year.
    pub analyst_milli: i64,
    /// On one question.
    pub query_milli: u32,
}

impl Default for Limits {
    /// 4.0, 1.0 and 0.5.
    fn default() -> Self {
        Self { dataset_milli: 4_000, analyst_milli: 1_000, query_milli: 500 }
    }
}

/// What is left this year, in thousandths of epsilon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// To everyone together.
    pub dataset_milli: i64,
    /// To the analyst.
    pub analyst_milli: i64,
}

/// One budget as it stands.
#[derive(Clone)]
struct Purse {
    there: Option<Checked<budget::Model>>,
    id: Uuid,
    scope_tag: Vec<u8>,
    limit_milli: i64,
    period: String,
}

impl Statistics {
    /// What this analyst may still spend.
    ///
    /// # Errors
    /// A budget that was edited, rolled back or deleted.
    pub async fn left(&self, analyst: Uuid) -> Result<Left, StatisticsError> {
        let [dataset, analyst] = self.purses(analyst).await?.map(|purse| purse.left());
        Ok(Left { dataset_milli: dataset, analyst_milli: analyst })
    }

    /// The release of that id: the one that is there, free, or a new one whose price is now paid. True for a new one.
    pub(super) async fn charge(
        &self,
        by: By,
        analyst: Uuid,
        (id, question_tag): (Uuid, Vec<u8>),
        asked: &ReleaseParameters,
    ) -> Result<(Checked<release::Model>, bool), StatisticsError> {
        let _turn = self.charging.lock().await;
        let mut attempt = 0;
        loop {
            if let Some(there) = self.held(id).await? {
                return Ok((there, false));
            }
            let purses = self.purses(analyst).await?;
            let row = self.pending(analyst, id, question_tag.clone(), asked)?;
            attempt += 1;
            match self.pay(by, purses, row).await {
                Err(error) if error.is_conflict() && attempt < TRIES => {}
                paid => return Ok((paid?, true)),
            }
        }
    }

    async fn pay(
        &self,
        by: By,
        purses: [Purse; 2],
        row: release::Model,
    ) -> Result<Checked<release::Model>, StatisticsError> {
        let price = row.epsilon_milli;
        let left_milli = purses.iter().map(Purse::left).min().unwrap_or_default();
        if left_milli < price {
            return Err(StatisticsError::BudgetExhausted { left_milli });
        }
        let entry = Draft::new(by, "STATISTIC_CHARGED", Outcome::Granted)
            .with("release", row.id)
            .with("epoch", row.epoch)
            .with("epsilon_milli", price);
        let written = self
            .ledger
            .write("charge statistic", move |tx| {
                let (purses, row, entry) = (purses.clone(), row.clone(), entry.clone());
                Box::pin(async move {
                    for purse in purses {
                        match &purse.there {
                            Some(there) => drop(tx.update(there, |next| purse.spend(next, price)).await?),
                            None => drop(tx.insert(purse.first(price)).await?),
                        }
                    }
                    let row = tx.insert(row).await?;
                    tx.append(entry);
                    Ok::<_, StatisticsError>(row)
                })
            })
            .await?;
        Ok(written.value)
    }

    fn pending(
        &self,
        analyst_id: Uuid,
        id: Uuid,
        question_tag: Vec<u8>,
        asked: &ReleaseParameters,
    ) -> Result<release::Model, StatisticsError> {
        Ok(release::Model {
            id,
            question_tag,
            epoch: asked.sum.epoch,
            status: ReleaseStatus::Pending,
            analyst_id,
            epsilon_milli: asked.epsilon_milli.into(),
            parameters: self.keyring.seal(id, 1, asked)?,
            answer: None,
            created_ms: self.keyring.around().now_ms(),
            version: 1,
            tag: Vec::new(),
        })
    }

    /// This year's budget of the data set, and the analyst's.
    async fn purses(&self, analyst: Uuid) -> Result<[Purse; 2], StatisticsError> {
        let period = year(self.keyring.around().now_ms()).to_string();
        let dataset = self.purse("data set", &[], self.limits.dataset_milli, &period).await?;
        let analyst = self.purse("analyst", analyst.as_bytes(), self.limits.analyst_milli, &period).await?;
        Ok([dataset, analyst])
    }

    async fn purse(
        &self,
        scope: &str,
        of: &[u8],
        limit_milli: i64,
        period: &str,
    ) -> Result<Purse, StatisticsError> {
        let label = Encoder::new("medicrypt/budget/v1").str(scope).bytes(of).str(period).finish();
        let (id, scope_tag) = self.derived(&label);
        Ok(Purse { there: self.held(id).await?, id, scope_tag, limit_milli, period: period.to_owned() })
    }
}

impl Purse {
    fn left(&self) -> i64 {
        self.limit_milli - self.there.as_ref().map_or(0, |row| row.spent_milli)
    }

    fn spend(&self, row: &mut budget::Model, price: i64) {
        row.spent_milli += price;
        row.limit_milli = self.limit_milli;
    }

    fn first(&self, price: i64) -> budget::Model {
        budget::Model {
            id: self.id,
            scope_tag: self.scope_tag.clone(),
            spent_milli: price,
            limit_milli: self.limit_milli,
            period: self.period.clone(),
            version: 1,
            tag: Vec::new(),
        }
    }
}

/// The calendar year of a time in milliseconds UTC.
pub(super) fn year(time_ms: i64) -> i32 {
    DateTime::from_timestamp_millis(time_ms).unwrap_or_default().year()
}

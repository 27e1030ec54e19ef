//! Asking: a question of the last closed epoch, answered once. Who asks the same again gets the same, free.

use std::time::Duration;

use crypto::encoding::Encoder;
use entity::{ReleaseStatus, release};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};
use uuid::Uuid;

use super::{
    Kind, Left, Metric, Statistics, StatisticsError,
    budget::year,
    held::TRIES,
    payload::{ReleaseAnswer, ReleaseParameters},
    plan::{Estimate, Plan},
};
use crate::{
    keyring::Checked,
    ledger::{By, Draft, Outcome},
};

/// Answers leave on multiples of this after the question: how long noise took to draw tells about it.
const TICK: Duration = Duration::from_millis(100);

/// A question about all patients and all time: each patient counts once, by the latest value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Of what.
    pub metric: Metric,
    /// Which statistic.
    pub kind: Kind,
    /// How exactly: the price in thousandths of epsilon.
    pub epsilon_milli: u32,
}

/// A noisy answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// In the metric's unit (a count is a count).
    pub value: f64,
    /// The true value lies between these with 95 % probability; noise alone, not the sampling of patients.
    pub interval95: (f64, f64),
    /// How many patients, with noise.
    pub noisy_count: i64,
    /// The epoch it is about.
    pub epoch: i64,
    /// What the release cost, in thousandths of epsilon.
    pub epsilon_milli: u32,
    /// What this call cost: nothing, where the answer was there already.
    pub charged_milli: u32,
    /// What is left.
    pub left: Left,
}

/// A release, as it cost every patient privacy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The question.
    pub question: Question,
    /// The epoch asked about.
    pub epoch: i64,
    /// Who asked first.
    pub analyst: Uuid,
    /// When, in milliseconds UTC.
    pub time_ms: i64,
}

impl Statistics {
    /// Answers, charging the budget unless this question of this epoch was answered before.
    ///
    /// # Errors
    /// As [`StatisticsError`]; of the refusals only [`StatisticsError::CohortTooSmall`] may have cost something.
    pub async fn statistic(
        &self,
        by: By,
        analyst: Uuid,
        question: Question,
    ) -> Result<Answer, StatisticsError> {
        let most = self.limits.query_milli;
        if !(1..=most).contains(&question.epsilon_milli) {
            return Err(StatisticsError::Epsilon { most });
        }
        let asked = self.asked(by, analyst, question).await;
        if let Err(StatisticsError::BudgetExhausted { .. } | StatisticsError::TooNoisy) = &asked {
            self.ledger.append(vec![Draft::new(by, "STATISTIC_REFUSED", Outcome::Denied)]).await?;
        }
        let (release, is_new) = asked?;
        let charged_milli = if is_new { question.epsilon_milli } else { 0 };
        let (asked, answer) = self.released(release).await?;
        let ReleaseAnswer::Noisy { count, sum } = answer else {
            return Err(StatisticsError::CohortTooSmall { charged_milli });
        };
        let Estimate { value, interval } = question.plan().estimate(count, sum, year(asked.sum.closed_ms));
        Ok(Answer {
            value,
            interval95: interval,
            noisy_count: count,
            epoch: asked.sum.epoch,
            epsilon_milli: question.epsilon_milli,
            charged_milli,
            left: self.left(analyst).await?,
        })
    }

    /// Answers what was charged but not answered when the server stopped. Gives how many there were.
    ///
    /// # Errors
    /// The first that cannot be answered.
    pub async fn complete_pending(&self) -> Result<usize, StatisticsError> {
        let pending: Vec<Uuid> = release::Entity::find()
            .select_only()
            .column(release::Column::Id)
            .filter(release::Column::Status.eq(ReleaseStatus::Pending))
            .into_tuple()
            .all(self.store.read())
            .await?;
        for id in &pending {
            if let Some(release) = self.held(*id).await? {
                self.released(release).await?;
            }
        }
        Ok(pending.len())
    }

    /// Every release there ever was, oldest first: each is about all patients, so their epsilons add up to what each of
    /// them lost.
    ///
    /// # Errors
    /// A release that was edited.
    pub async fn losses(&self) -> Result<Vec<Loss>, StatisticsError> {
        let rows =
            release::Entity::find().order_by_asc(release::Column::CreatedMs).all(self.store.read()).await?;
        let rows = self.keyring.check_all(rows)?;
        self.ledger.hold_all(self.store.read(), &rows).await?;
        rows.iter().map(|row| self.loss(row)).collect()
    }

    /// The release of a question; true if it is new and was charged.
    async fn asked(
        &self,
        by: By,
        analyst: Uuid,
        question: Question,
    ) -> Result<(Checked<release::Model>, bool), StatisticsError> {
        let (_, sum) = self.sum(question.metric).await?.ok_or(StatisticsError::NoClosedEpoch)?;
        let found_by = self.derived(&question.name(sum.epoch));
        let (release, is_new) = match self.held(found_by.0).await? {
            Some(there) => (there, false),
            None if question.plan().is_too_noisy(sum.patients) => return Err(StatisticsError::TooNoisy),
            None => self.charge(by, analyst, found_by, &question.about(sum)).await?,
        };
        if !is_new {
            let entry = Draft::new(by, "STATISTIC_REPEATED", Outcome::Granted).with("release", release.id);
            self.ledger.append(vec![entry]).await?;
        }
        Ok((release, is_new))
    }

    fn loss(&self, row: &Checked<release::Model>) -> Result<Loss, StatisticsError> {
        let asked: ReleaseParameters = self.unsealer.open(row.id, row.version, &row.parameters)?;
        let metric = Metric::from_loinc(&asked.metric).ok_or(StatisticsError::OutOfRange)?;
        let question = Question { metric, kind: asked.kind, epsilon_milli: asked.epsilon_milli };
        Ok(Loss { question, epoch: row.epoch, analyst: row.analyst_id, time_ms: row.created_ms })
    }

    /// The stored answer of a charged release; where there is none yet, the decryptor's. Of two that are made at the same
    /// time one is stored, and both callers get that one.
    async fn released(
        &self,
        mut release: Checked<release::Model>,
    ) -> Result<(ReleaseParameters, ReleaseAnswer), StatisticsError> {
        let asked: ReleaseParameters =
            self.unsealer.open(release.id, release.version, &release.parameters)?;
        let started = Instant::now();
        let mut attempt = 0;
        while release.answer.is_none() {
            attempt += 1;
            match self.release(&release, asked.clone()).await {
                Err(error) if error.is_conflict() && attempt < TRIES => {}
                Err(error) => return Err(error),
                Ok(()) => {}
            }
            release = self.held(release.id).await?.ok_or(StatisticsError::DecryptorUnavailable)?;
        }
        if attempt > 0 {
            sleep(TICK.saturating_sub(remainder(started.elapsed(), TICK))).await;
        }
        let answer = release.answer.as_ref().ok_or(StatisticsError::DecryptorUnavailable)?;
        Ok((asked, self.unsealer.open(release.id, release.version, answer)?))
    }

    /// Lets the decryptor answer, and stores what it says. Nobody has seen it before it is stored.
    async fn release(
        &self,
        release: &Checked<release::Model>,
        asked: ReleaseParameters,
    ) -> Result<(), StatisticsError> {
        let (decryptor, around) = (self.decryptor.clone(), self.keyring.around().clone());
        let answer = spawn_blocking(move || decryptor.release(&asked, &mut around.rng())).await??;
        let sealed = self.keyring.seal(release.id, release.version + 1, &answer)?;
        let release = release.clone();
        self.ledger
            .write("store release", move |tx| {
                let (release, sealed) = (release.clone(), sealed.clone());
                Box::pin(async move {
                    tx.update(&release, |row| (row.status, row.answer) = (ReleaseStatus::Done, Some(sealed)))
                        .await?;
                    // What was answered is in the release alone.
                    tx.append(
                        Draft::new(By::System, "STATISTIC_RELEASED", Outcome::Done)
                            .with("release", release.id),
                    );
                    Ok::<_, StatisticsError>(())
                })
            })
            .await?;
        Ok(())
    }
}

impl Question {
    fn plan(self) -> Plan {
        Plan::new(self.metric, self.kind, self.epsilon_milli)
    }

    /// Its canonical form: what makes two questions of an epoch the same, whoever asks.
    fn name(self, epoch: i64) -> Vec<u8> {
        let kind = match self.kind {
            Kind::Count => "count",
            Kind::Sum => "sum",
            Kind::Mean => "mean",
        };
        Encoder::new("medicrypt/question/v1")
            .i64(epoch)
            .str(self.metric.loinc())
            .str(kind)
            .str("all time")
            .str("all patients")
            .u64(self.epsilon_milli.into())
            .finish()
    }

    fn about(self, sum: super::payload::StatisticSum) -> ReleaseParameters {
        ReleaseParameters {
            metric: self.metric.loinc().to_owned(),
            kind: self.kind,
            epsilon_milli: self.epsilon_milli,
            sum,
        }
    }
}

fn remainder(time: Duration, of: Duration) -> Duration {
    Duration::from_nanos(u64::try_from(time.as_nanos() % of.as_nanos()).unwrap_or_default())
}

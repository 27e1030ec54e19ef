//! One statistic, with noise, at a price.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};

use super::authorize;
use crate::{
    graph::{Answer, Can, can::can},
    statistics::{Kind, Metric, Question},
};

crate::action! {
    /// Asks a statistic.
    AskStatistic = "ASK_STATISTIC" for "HRESCH" by Admin else Forbidden
}

/// What is measured of a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Metric")]
pub enum StatisticMetric {
    /// Heart rate, LOINC 8867-4, per minute.
    HeartRate,
    /// Systolic blood pressure, LOINC 8480-6, mmHg.
    Systolic,
    /// Diastolic blood pressure, LOINC 8462-4, mmHg.
    Diastolic,
    /// Body weight, LOINC 29463-7, kg.
    Weight,
    /// Body height, LOINC 8302-2, cm.
    Height,
    /// Body temperature, LOINC 8310-5, degrees Celsius.
    Temperature,
    /// Oxygen saturation, LOINC 2708-6, percent.
    OxygenSaturation,
    /// Respiratory rate, LOINC 9279-1, per minute.
    RespiratoryRate,
    /// Age in years.
    Age,
}

/// Which number is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Kind")]
pub enum StatisticKind {
    /// How many patients have a value.
    Count,
    /// The sum of their values.
    Sum,
    /// The mean of their values.
    Mean,
}

/// A question about all patients as of the last closed epoch: each counts once, by the latest value.
#[derive(InputObject)]
pub struct StatisticInput {
    /// Of what.
    metric: StatisticMetric,
    /// Which number.
    kind: StatisticKind,
    /// The price, in thousandths of epsilon: more buys less noise. The same question in the same epoch is free.
    epsilon_milli: u32,
}

/// A noisy answer. The exact number exists nowhere.
#[derive(SimpleObject)]
pub struct NoisyStatistic {
    /// The value, in the metric's unit.
    value: f64,
    /// Lower end of the 95 % interval of the noise.
    low: f64,
    /// Upper end of the 95 % interval of the noise.
    high: f64,
    /// How many patients, with noise.
    noisy_count: i64,
    /// The epoch it is about.
    epoch: i64,
    /// What this release costs every patient, in thousandths of epsilon.
    epsilon_milli: u32,
    /// What this call cost.
    charged_milli: u32,
    /// What is left of your budget this year.
    left_milli: i64,
    /// What is left of the data set's budget this year.
    dataset_left_milli: i64,
}

/// The mutation.
#[derive(Default)]
pub(super) struct ReleaseStatistic;

#[Object]
impl ReleaseStatistic {
    /// Answers with differential privacy and charges the budget. A mutation, because it spends: a cache or a prefetch must
    /// not ask it.
    #[graphql(guard = "Can::<AskStatistic>::new()", directive = can::apply("ASK_STATISTIC".to_owned()))]
    async fn release_statistic(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The question.")] input: StatisticInput,
    ) -> Answer<NoisyStatistic> {
        let (world, actor, _) = authorize::<AskStatistic>(ctx).await?;
        let question = Question {
            metric: input.metric.into(),
            kind: input.kind.into(),
            epsilon_milli: input.epsilon_milli,
        };
        let answer = world.statistics.statistic(actor.by(), actor.account(), question).await?;
        Ok(NoisyStatistic {
            value: answer.value,
            low: answer.interval95.0,
            high: answer.interval95.1,
            noisy_count: answer.noisy_count,
            epoch: answer.epoch,
            epsilon_milli: answer.epsilon_milli,
            charged_milli: answer.charged_milli,
            left_milli: answer.left.analyst_milli,
            dataset_left_milli: answer.left.dataset_milli,
        })
    }
}

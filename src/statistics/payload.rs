//! What the room keeps sealed: sums, questions, noisy answers. None has a `Debug`.

use entity::marker;
use serde::{Deserialize, Serialize};

use crate::keyring::{OfSystem, Payload, SystemKey};

/// What is asked of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// How many patients have a value.
    Count,
    /// The sum of their values.
    Sum,
    /// The mean of their values.
    Mean,
}

/// The product of one label's ciphertexts, as of the end of an epoch.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StatisticSum {
    /// The epoch.
    pub(super) epoch: i64,
    /// When it was closed, in milliseconds UTC.
    pub(super) closed_ms: i64,
    /// Patients in the house by then: a public total, the measure of what can be told with how much epsilon.
    pub(super) patients: i64,
    /// The product.
    #[serde(with = "base64_bytes")]
    pub(super) ciphertext: Vec<u8>,
}

/// A charged question, with all that its answer takes: a later epoch changes nothing about it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ReleaseParameters {
    /// The metric's LOINC code.
    pub(super) metric: String,
    /// What was asked.
    pub(super) kind: Kind,
    /// The price in thousandths.
    pub(super) epsilon_milli: u32,
    /// The sum asked about.
    pub(super) sum: StatisticSum,
}

/// What was released. Both variants fill the same padded envelope.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ReleaseAnswer {
    /// The noisy count was too small; it is not kept.
    CohortTooSmall,
    /// The noisy slots.
    Noisy {
        /// Count.
        count: i64,
        /// Sum of distances from the metric's centre, in fixed-point steps; 0 where not asked.
        sum: i64,
    },
}

macro_rules! under_the_statistics_key {
    ($($payload:ident: $table:literal, $column:literal;)*) => {
        $(impl Payload for $payload {
            type Marker = marker::$payload;
            const TABLE: &'static str = $table;
            const COLUMN: &'static str = $column;
        }

        impl OfSystem for $payload {
            const KEY: SystemKey = SystemKey::Statistics;
        })*
    };
}

under_the_statistics_key! {
    StatisticSum: "statistic_sum", "value";
    ReleaseParameters: "release", "parameters";
    ReleaseAnswer: "release", "answer";
}

mod base64_bytes {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

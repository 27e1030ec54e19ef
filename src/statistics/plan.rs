//! How a question is answered: which slots it needs, which noise they get, and what the noisy slots mean. All of it follows
//! from the question and from public bounds; no number computed from patients' data comes in, but for released ones.

use crypto::paillier::Reading;

use super::{Kind, Metric, noise::Laplace};

/// Below this noisy count there is no answer.
const LEAST_COHORT: f64 = 10.0;
/// 95 % intervals.
const OUTSIDE: f64 = 0.05;

/// The plan of one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    metric: Metric,
    kind: Kind,
    /// Noise of the count: one patient changes it by 1.
    pub(super) count: Laplace,
    /// Noise of the sum of distances from the centre: one patient changes it by the metric's reach.
    pub(super) sum: Option<Laplace>,
}

/// A noisy value with its 95 % interval, in the metric's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) interval: (f64, f64),
}

impl Plan {
    /// Count 1/4 of epsilon and sum 3/4; a count alone gets all.
    pub(super) fn new(metric: Metric, kind: Kind, epsilon_milli: u32) -> Self {
        let sum = Laplace::new(metric.reach().unsigned_abs(), epsilon_milli, 3);
        let (quarters, sum) = match kind {
            Kind::Count => (4, None),
            Kind::Sum | Kind::Mean => (1, Some(sum)),
        };
        Self { metric, kind, count: Laplace::new(1, epsilon_milli, quarters), sum }
    }

    /// The slots that are decrypted; the others are masked.
    pub(super) fn reading(&self) -> Reading {
        if self.sum.is_some() { Reading::CountAndSum } else { Reading::Count }
    }

    /// Whether a cohort of this noisy count is too small for an answer.
    pub(super) fn is_too_small(&self, noisy_count: i64) -> bool {
        float(noisy_count) < LEAST_COHORT.max(self.widths().0)
    }

    /// Whether a house of so many patients has to expect a 95 % interval wider than the range of the answers.
    pub(super) fn is_too_noisy(&self, patients: i64) -> bool {
        let (patients, (count, sum)) = (float(patients), self.widths());
        let range = float(self.metric.width());
        match self.kind {
            Kind::Count => 2.0 * count > patients,
            Kind::Sum => 2.0 * (float(self.metric.centre()) * count + sum) > patients * range,
            Kind::Mean => patients <= count || 2.0 * sum / (patients - count) > range,
        }
    }

    /// What the noisy slots say. `year` is the year of the epoch's end: ages are counted by birth year.
    pub(super) fn estimate(&self, noisy_count: i64, noisy_sum: i64, year: i32) -> Estimate {
        let (count, sum) = (float(noisy_count), float(noisy_sum));
        let (count_width, sum_width) = self.widths();
        let centre = float(self.metric.centre());
        // One patient's value is base + sign·x for its distance x from the centre.
        let (base, sign) =
            if self.metric == Metric::Age { (f64::from(year) - centre, -1.0) } else { (centre, 1.0) };
        let around = |value: f64, width: f64| Estimate { value, interval: (value - width, value + width) };
        match self.kind {
            Kind::Count => {
                let Estimate { value, interval } = around(count, count_width);
                Estimate { value, interval: (interval.0.max(0.0), interval.1) }
            }
            Kind::Sum => {
                self.in_units(around(base * count + sign * sum, base.abs() * count_width + sum_width))
            }
            Kind::Mean => {
                let [low, high] = [self.metric.counted().start(), self.metric.counted().end()]
                    .map(|end| float(*end) - centre);
                let in_range = |x: f64| base + sign * x.clamp(low, high);
                let fewest = count - count_width;
                let ends = if fewest <= 0.0 {
                    (low, high)
                } else {
                    let quotients = |sum: f64| [sum / fewest, sum / (count + count_width)];
                    let [a, b] = quotients(sum - sum_width);
                    let [c, d] = quotients(sum + sum_width);
                    (a.min(b), c.max(d))
                };
                let (a, b) = (in_range(ends.0), in_range(ends.1));
                self.in_units(Estimate { value: in_range(sum / count), interval: (a.min(b), a.max(b)) })
            }
        }
    }

    /// Half-widths of count and sum; where both are noisy, each takes half of what may lie outside.
    fn widths(&self) -> (f64, f64) {
        match self.sum {
            None => (self.count.half_width(OUTSIDE), 0.0),
            Some(sum) => (self.count.half_width(OUTSIDE / 2.0), sum.half_width(OUTSIDE / 2.0)),
        }
    }

    fn in_units(&self, Estimate { value, interval }: Estimate) -> Estimate {
        let scale = f64::from(self.metric.scale());
        Estimate { value: value / scale, interval: (interval.0 / scale, interval.1 / scale) }
    }
}

/// Slots lie below 2^62, and real ones below 2^48.
#[expect(clippy::cast_precision_loss, reason = "noise is wider than what is lost")]
fn float(integer: i64) -> f64 {
    integer as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_lies_in_its_interval_and_both_in_the_range() {
        let plan = Plan::new(Metric::Systolic, Kind::Mean, 500);
        for (count, sum) in [(100, 0), (100, -3_000), (40, 4_000), (30, 900), (1_000_000, -90_000_000)] {
            let Estimate { value, interval } = plan.estimate(count, sum, 2026);
            assert!(60.0 <= interval.0 && interval.0 <= value && value <= interval.1 && interval.1 <= 240.0);
        }
        assert!((plan.estimate(1_000, -30_000, 2026).value - 120.0).abs() < 1e-9);
    }

    #[test]
    fn values_come_in_the_metrics_unit_and_ages_by_the_year() {
        let weight = Plan::new(Metric::Weight, Kind::Mean, 500).estimate(1_000, -310_000, 2026);
        assert!((weight.value - 70.0).abs() < 1e-9);
        let age = Plan::new(Metric::Age, Kind::Mean, 500).estimate(1_000, 10_000, 2026);
        assert!((age.value - 36.0).abs() < 1e-9 && age.interval.0 < 36.0 && age.interval.1 > 36.0);
        let sum = Plan::new(Metric::Age, Kind::Sum, 500).estimate(1_000, 10_000, 2026);
        assert!((sum.value - 36_000.0).abs() < 1e-9);
    }

    #[test]
    fn noise_shares_add_up_to_epsilon() {
        let plan = Plan::new(Metric::HeartRate, Kind::Mean, 400);
        assert_eq!(plan.count, Laplace::new(1, 400, 1));
        assert_eq!(plan.sum, Some(Laplace::new(85, 400, 3)));
        assert_eq!(Plan::new(Metric::HeartRate, Kind::Count, 400).count, Laplace::new(1, 400, 4));
    }

    #[test]
    fn a_question_that_would_say_nothing_is_told_so_from_public_totals() {
        let plan = |epsilon| Plan::new(Metric::Systolic, Kind::Mean, epsilon);
        assert!(plan(500).is_too_noisy(20));
        assert!(!plan(500).is_too_noisy(200));
        assert!(plan(1).is_too_noisy(200));
        assert!(!plan(1).is_too_noisy(100_000));
    }
}

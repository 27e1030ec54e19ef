//! Discrete Laplace noise: exact, in integers, without a float on the way to a sample (Canonne, Kamath and Steinke: The
//! discrete Gaussian for differential privacy, 2020, algorithm 2, as in the `prio` crate).

use prio::dp::{Rational, distributions::DiscreteLaplace};
use rand::{CryptoRng, distr::Distribution as _};

use super::StatisticsError;

/// The law P(k) ∝ exp(−|k| / scale), for a scale of numerator / denominator. Public: it depends on no patient's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Laplace {
    numerator: u64,
    denominator: u64,
}

impl Laplace {
    /// The noise that makes an integer of this sensitivity private with `quarters`/4 of `epsilon_milli` thousandths: scale =
    /// sensitivity / epsilon (Dwork and others: Calibrating noise to sensitivity, 2006, proposition 1).
    pub(super) fn new(sensitivity: u64, epsilon_milli: u32, quarters: u64) -> Self {
        Self { numerator: sensitivity * 4_000, denominator: u64::from(epsilon_milli) * quarters }
    }

    /// One sample.
    pub(super) fn draw(self, rng: &mut impl CryptoRng) -> Result<i64, StatisticsError> {
        let scale = Rational::from_unsigned(self.numerator, self.denominator);
        let law = scale.and_then(DiscreteLaplace::new).map_err(|_| StatisticsError::OutOfRange)?;
        i64::try_from(law.sample(rng)).map_err(|_| StatisticsError::OutOfRange)
    }

    /// The smallest integer t that a sample exceeds in magnitude with a probability of at most `outside`. With a =
    /// exp(−1/scale) that probability is 2·a^(t+1) / (1 + a).
    pub(super) fn half_width(self, outside: f64) -> f64 {
        let scale = self.scale();
        let a = (-1.0 / scale).exp();
        (-scale * (outside * (1.0 + a) / 2.0).ln() - 1.0).ceil().max(0.0)
    }

    #[expect(clippy::cast_precision_loss, reason = "sensitivities are some thousands")]
    fn scale(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

#[cfg(test)]
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    /// Pearson's statistic of `samples` draws against the law, over −reach … reach and the two tails.
    fn chi_square(law: Laplace, samples: usize, reach: usize) -> (f64, usize) {
        let mut rng = StdRng::seed_from_u64(20_261_122);
        let mut seen = vec![0_u64; 2 * reach + 3];
        for _ in 0..samples {
            let sample = law.draw(&mut rng).unwrap();
            let edge = i64::try_from(reach).unwrap() + 1;
            seen[usize::try_from(sample.clamp(-edge, edge) + edge).unwrap()] += 1;
        }
        let a = (-1.0 / law.scale()).exp();
        let expected = |cell: usize| {
            let k = cell.abs_diff(reach + 1) as f64;
            let p = (1.0 - a) / (1.0 + a) * a.powf(k);
            samples as f64 * if k as usize == reach + 1 { p / (1.0 - a) } else { p }
        };
        let statistic = seen
            .iter()
            .enumerate()
            .map(|(cell, &seen)| (seen as f64 - expected(cell)).powi(2) / expected(cell));
        (statistic.sum(), seen.len() - 1)
    }

    #[test]
    fn a_hundred_thousand_samples_follow_the_discrete_law() {
        for law in [Laplace::new(1, 500, 4), Laplace::new(3, 700, 3), Laplace::new(90, 5_000, 1)] {
            let (statistic, freedom) = chi_square(law, 100_000, 12);
            assert_eq!(freedom, 26);
            // The 99.9 % quantile of chi-square with 26 degrees of freedom.
            assert!(statistic < 54.05, "{law:?}: {statistic}");
        }
    }

    #[test]
    fn the_chi_square_test_tells_a_scale_that_is_off_by_five_percent() {
        let mut rng = StdRng::seed_from_u64(1);
        let (claimed, drawn) = (Laplace::new(100, 1_000, 4), Laplace::new(105, 1_000, 4));
        let samples = 100_000;
        let inside = (0..samples).filter(|_| drawn.draw(&mut rng).unwrap().abs() <= 100).count();
        let a = (-1.0 / claimed.scale()).exp();
        let expected = f64::from(samples) * (1.0 - 2.0 * a.powi(101) / (1.0 + a));
        assert!((inside as f64 - expected).abs() > 5.0 * (expected * 0.4).sqrt(), "{inside} {expected}");
    }

    #[test]
    fn a_half_width_is_the_smallest_that_keeps_its_promise() {
        for law in [Laplace::new(1, 500, 1), Laplace::new(90, 500, 3), Laplace::new(1, 100_000, 4)] {
            let a = (-1.0 / law.scale()).exp();
            let outside = |t: f64| 2.0 * a.powf(t + 1.0) / (1.0 + a);
            let t = law.half_width(0.05);
            assert!(outside(t) <= 0.05 && (t == 0.0 || outside(t - 1.0) > 0.05), "{law:?}: {t}");
        }
    }
}

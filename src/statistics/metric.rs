//! The vital signs and measures that MediCrypt counts with: what each is called in LOINC, its unit, which values are
//! accepted and to which public range a value is clamped before it is encrypted for sums.
//!
//! Pure: no I/O, no clock, no other room. To add a metric: 1. a variant, 2. its row in [`Metric::spec`], 3. its place
//! in [`Metric::ALL`]. Changing the range of an existing one is a new layout version of the encrypted sums.

use std::ops::RangeInclusive;

use thiserror::Error;

/// Number of public histogram bins of every metric.
pub const BINS: usize = 20;

/// Birth years that the sums tell apart: fixed for layout version 1, for ciphertexts made in different years are
/// multiplied with one another and so need one centre. It is the ages 0 to 100 in the year 2030.
const BIRTH_YEARS: (i32, i32) = (1930, 2030);

/// Oldest age at which a birth year is believed.
const OLDEST: i32 = 120;

/// What can be measured of a patient and counted under encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Heart rate, per minute.
    HeartRate,
    /// Systolic blood pressure, mmHg.
    Systolic,
    /// Diastolic blood pressure, mmHg.
    Diastolic,
    /// Body weight, in tenths of a kilogram.
    Weight,
    /// Body height, in tenths of a centimetre.
    Height,
    /// Body temperature, in tenths of a degree Celsius.
    Temperature,
    /// Oxygen saturation of the blood, in tenths of a percent.
    OxygenSaturation,
    /// Respiratory rate, per minute.
    RespiratoryRate,
    /// Age, held as the **birth year** so that it never goes stale; see [`Metric::birth_year`].
    Age,
}

/// Why a value is not taken. Says what would be, and never holds the value itself.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum MetricRefused {
    /// The unit is another one than the metric's.
    #[error("{} is taken in `{}` only: convert the value first", .0.name(), .0.unit())]
    Unit(Metric),
    /// The value lies outside the accepted range, or is no number at all.
    #[error("{} must lie between {min} and {max} {}: correct the value", .metric.name(), .metric.unit())]
    OutOfRange {
        /// The metric.
        metric: Metric,
        /// Smallest accepted value, in its unit.
        min: i32,
        /// Largest accepted value, in its unit.
        max: i32,
    },
    /// Ages are computed, never entered.
    #[error("age is not entered: give the birth date")]
    AgeIsComputed,
}

/// One metric's row in the table. Ranges are in whole units; `scale` turns them to fixed point.
struct Spec {
    name: &'static str,
    loinc: &'static str,
    unit: &'static str,
    scale: i32,
    accepted: (i32, i32),
    counted: (i32, i32),
}

impl Metric {
    /// Every metric, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::HeartRate,
        Self::Systolic,
        Self::Diastolic,
        Self::Weight,
        Self::Height,
        Self::Temperature,
        Self::OxygenSaturation,
        Self::RespiratoryRate,
        Self::Age,
    ];

    #[rustfmt::skip] // a table is read by its columns
    const fn spec(self) -> Spec {
        const fn row(name: &'static str, loinc: &'static str, unit: &'static str, scale: i32, accepted: (i32, i32), counted: (i32, i32)) -> Spec {
            Spec { name, loinc, unit, scale, accepted, counted }
        }
        match self {
            Self::HeartRate        => row("heart rate",               "8867-4",  "/min",   1, (0, 300),   (30, 200)),
            Self::Systolic         => row("systolic blood pressure",  "8480-6",  "mm[Hg]", 1, (0, 300),   (60, 240)),
            Self::Diastolic        => row("diastolic blood pressure", "8462-4",  "mm[Hg]", 1, (0, 200),   (30, 140)),
            Self::Weight           => row("body weight",              "29463-7", "kg",    10, (0, 500),   (2, 200)),
            Self::Height           => row("body height",              "8302-2",  "cm",    10, (20, 272),  (40, 210)),
            Self::Temperature      => row("body temperature",         "8310-5",  "Cel",   10, (25, 45),   (34, 42)),
            Self::OxygenSaturation => row("oxygen saturation",        "2708-6",  "%",     10, (0, 100),   (70, 100)),
            Self::RespiratoryRate  => row("respiratory rate",         "9279-1",  "/min",   1, (0, 120),   (5, 60)),
            Self::Age              => row("age",                      "30525-0", "a",      1, (0, OLDEST), BIRTH_YEARS),
        }
    }

    /// The metric of a LOINC code, if it has one.
    #[must_use]
    pub fn from_loinc(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.loinc() == code)
    }

    /// Its LOINC code.
    #[must_use]
    pub const fn loinc(self) -> &'static str {
        self.spec().loinc
    }

    /// Its name in plain English, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// Its unit in UCUM.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        self.spec().unit
    }

    /// Fixed-point steps in one unit: 10 means that a stored 366 is 36.6.
    #[must_use]
    pub const fn scale(self) -> i32 {
        self.spec().scale
    }

    /// A measured value as fixed point, rounded to the nearest step, halves away from zero.
    ///
    /// `unit` is UCUM; annotations in it mean nothing (`{beats}/min` is `/min`, UCUM section 2.4).
    ///
    /// # Errors
    /// Another unit, a value outside the accepted range (judged before rounding), or an age.
    pub fn parse(self, value: f64, unit: &str) -> Result<i64, MetricRefused> {
        let Spec { accepted: (min, max), scale, .. } = self.spec();
        if self == Self::Age {
            return Err(MetricRefused::AgeIsComputed);
        }
        if !without_annotations(unit).eq(self.unit().chars()) {
            return Err(MetricRefused::Unit(self));
        }
        if !(f64::from(min)..=f64::from(max)).contains(&value) {
            return Err(MetricRefused::OutOfRange { metric: self, min, max });
        }
        #[expect(clippy::cast_possible_truncation, reason = "the range check bounds it by some thousands")]
        Ok((value * f64::from(scale)).round() as i64)
    }

    /// The fixed-point value of [`Metric::Age`]: the birth year itself.
    ///
    /// # Errors
    /// Whoever would not yet be born in `this_year`, or would be older than 120.
    pub fn birth_year(year: i32, this_year: i32) -> Result<i64, MetricRefused> {
        match this_year.checked_sub(year) {
            Some(0..=OLDEST) => Ok(i64::from(year)),
            _ => Err(MetricRefused::OutOfRange { metric: Self::Age, min: 0, max: OLDEST }),
        }
    }

    /// Accepted values, in fixed point. For [`Metric::Age`] they are years of age, not birth years.
    #[must_use]
    pub fn accepted(self) -> RangeInclusive<i64> {
        self.fixed(self.spec().accepted)
    }

    /// The narrower public range of the statistics, in fixed point. For [`Metric::Age`]: birth years.
    #[must_use]
    pub fn counted(self) -> RangeInclusive<i64> {
        self.fixed(self.spec().counted)
    }

    /// The fixed-point value drawn into the range of the statistics. The sealed record keeps the true one.
    #[must_use]
    pub fn clamp(self, fixed: i64) -> i64 {
        fixed.clamp(*self.counted().start(), *self.counted().end())
    }

    /// The public middle of the range, taken off before encryption; rounded down where the width is odd.
    #[must_use]
    pub fn centre(self) -> i64 {
        i64::midpoint(*self.counted().start(), *self.counted().end())
    }

    /// Width R of the range of the statistics, in fixed-point steps.
    #[must_use]
    pub fn width(self) -> i64 {
        self.counted().end() - self.counted().start()
    }

    /// The furthest that a clamped value lies from the centre: R/2 rounded up. One patient moves a sum by no more
    /// than this and a sum of squares by no more than its square, so these are their sensitivities.
    #[must_use]
    pub fn reach(self) -> i64 {
        self.counted().end() - self.centre()
    }

    /// Lower edges of the public histogram bins, ascending. A bin ends where the next begins; the last one holds the
    /// end of the range too.
    #[must_use]
    pub fn bin_edges(self) -> [i64; BINS] {
        let (start, width) = (*self.counted().start(), self.width());
        #[expect(clippy::cast_possible_wrap, reason = "neither exceeds 20")]
        std::array::from_fn(|bin| start + bin as i64 * width / BINS as i64)
    }

    /// The bin, from 0, into which a fixed-point value falls once it is clamped.
    #[must_use]
    pub fn bin(self, fixed: i64) -> usize {
        let clamped = self.clamp(fixed);
        self.bin_edges().partition_point(|edge| *edge <= clamped) - 1
    }

    fn fixed(self, (min, max): (i32, i32)) -> RangeInclusive<i64> {
        let scale = i64::from(self.scale());
        i64::from(min) * scale..=i64::from(max) * scale
    }
}

fn without_annotations(unit: &str) -> impl Iterator<Item = char> {
    let mut inside = false;
    unit.chars().filter(move |c| {
        let was_inside = inside;
        inside = *c == '{' || inside && *c != '}';
        !inside && !was_inside
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_becomes_steps_of_its_metric_in_its_unit_only() {
        assert_eq!(Metric::Temperature.parse(36.6, "Cel"), Ok(366));
        assert_eq!(Metric::Weight.parse(72.57, "kg"), Ok(726));
        assert_eq!(Metric::HeartRate.parse(72.0, "{beats}/min"), Ok(72));
        assert_eq!(Metric::Temperature.parse(98.6, "[degF]"), Err(MetricRefused::Unit(Metric::Temperature)));
        assert_eq!(Metric::Systolic.parse(120.0, "mmHg"), Err(MetricRefused::Unit(Metric::Systolic)));
    }

    #[test]
    fn what_no_body_can_have_is_refused_without_being_repeated() {
        for value in [300.4, -0.4, f64::NAN, f64::INFINITY] {
            let refused = Metric::HeartRate.parse(value, "/min").unwrap_err();
            assert_eq!(refused.to_string(), "heart rate must lie between 0 and 300 /min: correct the value");
        }
        assert_eq!(Metric::HeartRate.parse(300.0, "/min"), Ok(300));
    }

    #[test]
    fn an_age_is_counted_by_the_birth_year_and_never_entered() {
        assert_eq!(Metric::birth_year(1998, 2026), Ok(1998));
        assert_eq!(Metric::birth_year(1906, 2026), Ok(1906));
        assert!(Metric::birth_year(1905, 2026).is_err());
        assert!(Metric::birth_year(2027, 2026).is_err());
        assert!(Metric::birth_year(i32::MIN, 2026).is_err());
        assert_eq!(Metric::Age.parse(28.0, "a"), Err(MetricRefused::AgeIsComputed));
    }

    #[test]
    fn a_loinc_code_names_one_metric() {
        for metric in Metric::ALL {
            assert_eq!(Metric::from_loinc(metric.loinc()), Some(metric));
        }
        assert_eq!(Metric::from_loinc("39156-5"), None);
    }

    #[test]
    fn the_table_gives_the_published_centres_and_widths() {
        let published = [
            (115, 170),
            (150, 180),
            (85, 110),
            (1010, 1980),
            (1250, 1700),
            (380, 80),
            (850, 300),
            (32, 55),
            (1980, 100),
        ];
        for (metric, centre_and_width) in Metric::ALL.into_iter().zip(published) {
            assert_eq!((metric.centre(), metric.width()), centre_and_width, "{metric:?}");
        }
    }

    #[test]
    fn no_clamped_value_lies_further_from_the_centre_than_the_reach() {
        for metric in Metric::ALL {
            let counted = metric.counted();
            let furthest = counted.clone().map(|value| (value - metric.centre()).abs()).max();
            assert_eq!(furthest, Some(metric.reach()), "{metric:?}");
            assert_eq!(metric.clamp(i64::MIN), *counted.start());
            assert_eq!(metric.clamp(i64::MAX), *counted.end());
        }
        assert_eq!(Metric::RespiratoryRate.reach(), 28);
    }

    #[test]
    fn every_value_falls_into_one_of_twenty_bins_and_no_bin_is_empty() {
        for metric in Metric::ALL {
            let mut filled = [0_usize; BINS];
            metric.counted().for_each(|value| filled[metric.bin(value)] += 1);
            assert!(filled.iter().all(|count| *count > 0), "{metric:?}");
            assert!(metric.bin_edges().is_sorted());
            assert_eq!((metric.bin(i64::MIN), metric.bin(i64::MAX)), (0, BINS - 1));
        }
        assert_eq!(Metric::Temperature.bin_edges()[..3], [340, 344, 348]);
    }
}

//! FHIR's dates and times: a date may be a year only, or a year and month, and then must not pretend to be more.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SubsecRound, Utc};
use zeroize::Zeroize;

use super::refused::Reason;

/// A FHIR `date`: a year, a year and month, or a whole date.
#[derive(Clone, Copy, PartialEq, Eq, Zeroize)]
pub struct PartialDate {
    year: i32,
    month: Option<u32>,
    day: Option<u32>,
}

impl PartialDate {
    /// Reads `1998`, `1998-05` or `1998-05-17`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !text.split('-').zip([4, 2, 2]).all(|(part, length)| part.len() == length && digits(part)) {
            return None;
        }
        let mut parts = text.split('-').map(|part| part.parse().ok());
        let year: u32 = parts.next()??;
        let date =
            Self { year: year.try_into().ok()?, month: parts.next().flatten(), day: parts.next().flatten() };
        let whole = parts.next().is_none() && year > 0;
        NaiveDate::from_ymd_opt(date.year, date.month.unwrap_or(1), date.day.unwrap_or(1))
            .filter(|_| whole)?;
        Some(date)
    }

    /// The year.
    #[must_use]
    pub const fn year(&self) -> i32 {
        self.year
    }

    /// The first day that it may mean.
    #[must_use]
    pub fn first_day(&self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)).unwrap_or_default()
    }
}

/// As FHIR writes it, no more precise than it was.
impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        [self.month, self.day].into_iter().flatten().try_for_each(|part| write!(f, "-{part:02}"))
    }
}

/// A FHIR `dateTime` as an instant, to the millisecond. A date without time is taken as its first moment, in UTC.
pub(super) fn instant(text: &str, field: &'static str) -> Result<DateTime<Utc>, Reason> {
    let start_of = |date: PartialDate| date.first_day().and_time(NaiveTime::MIN).and_utc();
    let instant = match PartialDate::parse(text) {
        Some(date) => Some(start_of(date)),
        None => DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc).trunc_subsecs(3)),
    };
    instant.filter(|instant| (1..=9999).contains(&instant.year())).ok_or(Reason::BadDate(field))
}

/// The date of a FHIR `date` or `dateTime`, in the time zone in which it was written.
pub(super) fn date(text: &str, field: &'static str) -> Result<PartialDate, Reason> {
    instant(text, field)?;
    let date = text.get(..10).unwrap_or(text);
    PartialDate::parse(date).ok_or(Reason::BadDate(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_stays_as_vague_as_it_was() {
        for text in ["1998", "1998-05", "1998-05-17", "2024-02-29"] {
            assert_eq!(PartialDate::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "98",
            "0000",
            "1998-5",
            "1998-02-29",
            "1998-13",
            "1998-05-17-01",
            "+998",
            "1998-",
            "1998-05-17T",
        ] {
            assert!(PartialDate::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_time_becomes_an_instant_to_the_millisecond() {
        let read = |text| instant(text, "f").map(|instant| instant.to_rfc3339());
        assert_eq!(read("2026-03-23T21:01:42.205121Z").unwrap(), "2026-03-23T21:01:42.205+00:00");
        assert_eq!(read("2026-01-01T03:00:00+05:30").unwrap(), "2025-12-31T21:30:00+00:00");
        assert_eq!(read("2026-03").unwrap(), "2026-03-01T00:00:00+00:00");
        assert_eq!(read("2026-03-23T21:01:42").unwrap_err(), Reason::BadDate("f"));
        assert_eq!(date("2026-01-01T03:00:00+05:30", "f").unwrap().to_string(), "2026-01-01");
        assert!(date("2026-01-01Tnoon", "f").is_err());
    }
}

//! Observations become vitals where there is a metric, and records otherwise.

use uuid::Uuid;

use super::{
    compose::{Composer, NotTaken, Outcome, Record, iso},
    fhir::{
        Kind,
        item::{self, ObservationKind},
    },
    links::vital_id,
    visits::joined,
};
use crate::{
    clinic::metric::Metric,
    vault::payload::{RecordBody, RecordCategory},
};

/// Tobacco smoking status, LOINC.
const SMOKING_STATUS: (&str, &str) = ("Tobacco smoking status", "72166-2");

impl Composer<'_> {
    pub(super) fn observation(&mut self, it: &item::Observation) -> Result<Outcome, NotTaken> {
        let id = self.id(Kind::Observation.name(), &it.source_id);
        if self.there.has(id) {
            return Ok(Outcome::AlreadyThere);
        }
        match &it.kind {
            ObservationKind::Vitals { readings, beside } => self.readings(it, readings, beside.as_ref()),
            ObservationKind::SmokingStatus(status) => {
                let (title, code) = SMOKING_STATUS;
                self.finding(it, title.to_owned(), Some(code.to_owned()), Some(status.words().to_owned()))?;
                Ok(Outcome::Taken)
            }
            ObservationKind::NoMetric { code, value } => {
                self.finding(it, code.words().to_owned(), code.code.clone(), value.clone())?;
                Ok(Outcome::NoMetric)
            }
        }
    }

    fn readings(
        &mut self,
        it: &item::Observation,
        readings: &[item::Reading],
        beside: Option<&String>,
    ) -> Result<Outcome, NotTaken> {
        let row = |of: &Self, metric: Metric| -> Uuid { vital_id(&of.world.keyring, &it.source_id, metric) };
        if readings.iter().any(|reading| self.there.has(row(self, reading.metric))) {
            return Ok(Outcome::AlreadyThere);
        }
        let (key, visit) = (self.key_of(&it.patient)?, self.visit(it.encounter.as_ref())?);
        for reading in readings {
            let id = row(self, reading.metric);
            self.vital(&key, (id, visit), (reading.metric, reading.fixed), it.effective)?;
        }
        if let Some(beside) = beside {
            let names = readings.iter().map(|reading| Some(reading.metric.name().to_owned()));
            self.finding(it, joined(names).unwrap_or_default(), None, Some(beside.clone()))?;
        }
        Ok(Outcome::Taken)
    }

    /// A record of what was found, in words.
    fn finding(
        &mut self,
        it: &item::Observation,
        title: String,
        code: Option<String>,
        notes: Option<String>,
    ) -> Result<(), NotTaken> {
        let id = self.id(Kind::Observation.name(), &it.source_id);
        let (key, visit) = (self.key_of(&it.patient)?, self.visit(it.encounter.as_ref())?);
        let start = Some(iso(it.effective));
        let body = RecordBody { title, code, cause: None, notes, start, end: None, department: None };
        let category = RecordCategory::Observation;
        Ok(self.record(&key, &Record { id, visit, author: None, category, body, at: it.effective })?)
    }
}

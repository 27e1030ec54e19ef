//! Patients become a row under a key of their own, and their age a vital.

use chrono::Datelike as _;
use crypto::encoding::Encoder;
use entity::patient;

use super::{
    compose::{Composer, NotTaken, Outcome},
    fhir::{
        Kind,
        item::{self, Sex},
    },
};
use crate::{
    clinic::metric::Metric,
    keyring::{KeyringError, SystemKey},
    vault::payload::Demographics,
};

impl Composer<'_> {
    pub(super) fn patient(&mut self, it: &item::Patient) -> Result<Outcome, NotTaken> {
        let id = self.id(Kind::Patient.name(), &it.source_id);
        if self.there.has(id) {
            return Ok(Outcome::AlreadyThere);
        }
        let key = self.there.key(id).ok_or(KeyringError::NoPatientKey)?;
        let who = Demographics {
            mrn: it.mrn.clone(),
            given: it.given.clone(),
            family: it.family.clone(),
            sex: Some(sex(it.sex).to_owned()),
            birth_date: it.birth_date.map(|date| date.to_string()),
            phone: it.phone.clone(),
            deceased: it.deceased,
            smoking_status: self.ahead.smoking(id).map(str::to_owned),
        };
        let keyring = &self.world.keyring;
        let source =
            Encoder::new("medicrypt/source-tag/v1").str(Kind::Patient.name()).str(&it.source_id).finish();
        self.rows.patients.push(patient::Model {
            id,
            source_tag: Some(keyring.mac(SystemKey::Source, &source).to_vec()),
            key_generation: key.generation(),
            demographics: keyring.seal_for(&key, "", id, 1, &who)?,
            created_ms: self.now.timestamp_millis(),
            version: 1,
            tag: Vec::new(),
        });
        // The dead grow no older.
        let birth_year = it.birth_date.filter(|_| !it.deceased).map(|date| date.year());
        if let Some(Ok(year)) = birth_year.map(|year| Metric::birth_year(year, self.now.year())) {
            let row = self.id(Metric::Age.loinc(), &it.source_id);
            // Measured now: the time of a vital is readable, and must not be the birth date.
            self.vital(&key, (row, None), (Metric::Age, year), self.now)?;
        }
        Ok(Outcome::Taken)
    }
}

fn sex(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "male",
        Sex::Female => "female",
        Sex::Other => "other",
        Sex::Unknown => "unknown",
    }
}

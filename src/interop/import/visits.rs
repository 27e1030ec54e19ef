//! Encounters become records, and whoever took part in one treats the patient; conditions become records, of the visit or
//! of the patient.

use chrono::NaiveTime;
use entity::care_relation;
use uuid::Uuid;

use super::{
    compose::{Composer, NotTaken, Outcome, Record, iso},
    fhir::{Kind, PartialDate, item},
};
use crate::{
    clinic::care::TREATING,
    vault::payload::{RecordBody, RecordCategory},
};

/// HL7 `ParticipationType`: the attender.
const ATTENDER: &str = "ATND";

impl Composer<'_> {
    pub(super) fn encounter(&mut self, it: &item::Encounter) -> Result<Outcome, NotTaken> {
        let id = self.id(Kind::Encounter.name(), &it.source_id);
        if self.there.has(id) {
            return Ok(Outcome::AlreadyThere);
        }
        let key = self.key_of(&it.patient)?;
        let codes: Vec<&str> = it.reasons.iter().filter_map(|reason| reason.code.as_deref()).collect();
        let notes =
            [Some(it.status.clone()), some(codes.join(", ")).map(|codes| format!("reason codes: {codes}"))];
        let department = it.department.as_ref().and_then(|id| self.ahead.name(id));
        let body = RecordBody {
            title: title(it.class.as_deref()).to_owned(),
            code: None,
            cause: it.cause.clone(),
            notes: joined(notes),
            start: Some(iso(it.start)),
            end: it.end.map(iso),
            department: department.map(str::to_owned).or_else(|| it.service_type.clone()),
        };
        let author = self.attender(it);
        let category = RecordCategory::Encounter;
        self.record(&key, &Record { id, visit: Some(id), author, category, body, at: it.start })?;
        if it.status != "cancelled" {
            self.relate(key.patient(), it);
        }
        Ok(Outcome::Taken)
    }

    pub(super) fn condition(&mut self, it: &item::Condition) -> Result<Outcome, NotTaken> {
        let id = self.id(Kind::Condition.name(), &it.source_id);
        if self.there.has(id) {
            return Ok(Outcome::AlreadyThere);
        }
        let (key, visit) = (self.key_of(&it.patient)?, self.visit(it.encounter.as_ref())?);
        let words = it.code.words();
        let formally = Some(it.code.display.clone()).filter(|display| display != words);
        let body = RecordBody {
            title: words.to_owned(),
            code: it.code.code.clone(),
            cause: None,
            notes: joined([it.clinical_status.clone(), it.verification.clone(), formally]),
            start: it.onset.map(|date| date.to_string()),
            end: it.abated.map(|date| date.to_string()),
            department: None,
        };
        let first_moment = |date: PartialDate| date.first_day().and_time(NaiveTime::MIN).and_utc();
        let at = it.recorded.or_else(|| it.onset.map(first_moment)).unwrap_or(self.now);
        self.record(
            &key,
            &Record { id, visit, author: None, category: RecordCategory::Condition, body, at },
        )?;
        Ok(Outcome::Taken)
    }

    /// Who wrote the visit down: the attender, or else the first who took part, if they have an account.
    fn attender(&self, it: &item::Encounter) -> Option<Uuid> {
        let attended = |who: &&item::Participant| who.role.as_deref() == Some(ATTENDER);
        let first = it.participants.iter().filter(attended).chain(&it.participants);
        first.map(|who| who.practitioner.as_str()).find_map(|practitioner| self.account(practitioner))
    }

    fn relate(&mut self, patient: Uuid, it: &item::Encounter) {
        let since_ms = it.start.timestamp_millis();
        for account in
            it.participants.iter().filter_map(|who| self.account(&who.practitioner)).collect::<Vec<_>>()
        {
            let same =
                |row: &&mut care_relation::Model| row.patient_id == patient && row.account_id == account;
            match self.rows.relations.iter_mut().find(same) {
                Some(known) => known.since_ms = known.since_ms.min(since_ms),
                None => self.rows.relations.push(care_relation::Model {
                    id: self.id("care_relation", &format!("{patient}/{account}")),
                    patient_id: patient,
                    account_id: account,
                    kind: TREATING.to_owned(),
                    since_ms,
                    until_ms: None,
                    version: 1,
                    tag: Vec::new(),
                }),
            }
        }
    }
}

/// HL7 `ActCode`, the classes of encounters.
fn title(class: Option<&str>) -> &'static str {
    match class {
        Some("AMB") => "Outpatient visit",
        Some("EMER") => "Emergency visit",
        Some("IMP" | "ACUTE" | "NONAC") => "Inpatient stay",
        Some("OBSENC") => "Observation stay",
        Some("PRENC") => "Pre-admission visit",
        Some("SS") => "Short stay",
        Some("HH") => "Home visit",
        Some("VR") => "Virtual visit",
        _ => "Visit",
    }
}

/// What there is, joined by `; `.
pub(super) fn joined(parts: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    some(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

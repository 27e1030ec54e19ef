//! From the items of a batch to the rows that they become. Computes and waits for nothing: for a thread of its own.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use entity::{RecordStatus, medical_record, vital};
use uuid::Uuid;

use super::{
    ImportError,
    ahead::Ahead,
    blind,
    fhir::{Kind, Refused, item::Item},
    links::There,
    report::Told,
    rows::Rows,
};
use crate::{
    clinic::metric::Metric,
    identity::NameRefused,
    keyring::{KeyringError, PatientKey},
    statistics::Measured,
    vault::payload::{RecordBody, RecordCategory, RecordHeader, VitalValue},
    world::World,
};

/// The policy of what is imported: none of its own, so that the rules of the roles decide alone. A narrower one would lock
/// out whoever treats the patient next, and the export says nothing that a narrower one could be made of.
const POLICY: &str = "";

/// What became of a resource that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its rows will be written.
    Taken,
    /// They are there.
    AlreadyThere,
    /// A record of it will be written, for it is no metric.
    NoMetric,
    /// It has no rows.
    ForOthers,
}

/// Why a resource that can be read is refused: in words that follow its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Why {
    #[error(
        "refers to a patient who is not here: import `Patient` with it, or see why the patient was refused"
    )]
    UnknownPatient,
    #[error("belongs to a patient who was erased here: nothing of theirs is taken again")]
    ErasedPatient,
    #[error("refers to an encounter that is not here: import `Encounter` with it, or see why it was refused")]
    UnknownEncounter,
    #[error(
        "refers to a practitioner who is not here: import `Practitioner` with it, or see why they were refused"
    )]
    UnknownPractitioner,
    #[error("names no practitioner as `requester`: add who prescribed it")]
    NoPrescriber,
    #[error(
        "is neither doctor nor pharmacist by an active PractitionerRole: other staff have no accounts here"
    )]
    NoRoleHere,
    #[error("has an e-mail address, or else an id, that is somebody's user name here: give it another")]
    UsernameTaken,
    #[error("cannot have an account: {0}")]
    Name(#[from] NameRefused),
}

/// Why a resource does not become rows.
pub(super) enum NotTaken {
    /// It does not fit in.
    Refused(Why),
    /// Nothing would.
    Failed(ImportError),
}

impl<W: Into<Why>> From<W> for NotTaken {
    fn from(why: W) -> Self {
        Self::Refused(why.into())
    }
}

impl From<KeyringError> for NotTaken {
    fn from(error: KeyringError) -> Self {
        Self::Failed(error.into())
    }
}

/// Makes rows; with all that it may know.
pub(super) struct Composer<'a> {
    pub(super) world: &'a World,
    pub(super) ahead: &'a Ahead,
    pub(super) there: There,
    pub(super) rows: Rows,
    /// With the values that are to be encrypted.
    measured: Vec<(Measured, i64)>,
    pub(super) now: DateTime<Utc>,
}

impl<'a> Composer<'a> {
    pub(super) fn new(world: &'a World, ahead: &'a Ahead, there: There) -> Self {
        let now = DateTime::from_timestamp_millis(world.now_ms()).unwrap_or_default();
        Self { world, ahead, there, rows: Rows::default(), measured: Vec::new(), now }
    }

    /// The rows of a batch, encrypted, and what became of each line.
    ///
    /// # Errors
    /// Failures of the keyring and the encryption.
    pub(super) fn compose(
        mut self,
        items: &[(u64, Item)],
        unread: Vec<Refused>,
    ) -> Result<(Rows, Vec<Told>), ImportError> {
        let mut told: Vec<Told> = unread.into_iter().map(Told::Unread).collect();
        for (line, item) in items {
            told.push(match self.take(item) {
                Ok(outcome) => Told::Outcome(outcome),
                Err(NotTaken::Refused(why)) => {
                    Told::Refused { line: *line, id: item.source_id().to_owned(), why }
                }
                Err(NotTaken::Failed(error)) => return Err(error),
            });
        }
        self.rows.vitals = self.encrypted()?;
        self.rows.taken = told.iter().filter(|told| told.is_new()).count();
        Ok((self.rows, told))
    }

    /// Encrypts what was measured, on all cores: some seconds of computing.
    fn encrypted(&mut self) -> Result<Vec<vital::Model>, ImportError> {
        let (values, measured): (Vec<_>, Vec<_>) =
            self.measured.drain(..).map(|(measured, fixed)| ((measured.metric, fixed), measured)).unzip();
        let vitals = self.world.statistics.vitals();
        let ciphertexts = vitals.encrypt_all(&values, self.world.keyring.around())?;
        let row = |(measured, ciphertext)| vitals.row(Measured { ciphertext, ..measured }, 0);
        Ok(measured.into_iter().zip(ciphertexts).map(row).collect())
    }

    fn take(&mut self, item: &Item) -> Result<Outcome, NotTaken> {
        match item {
            Item::Organization(_) => Ok(Outcome::ForOthers),
            Item::Practitioner(it) => self.practitioner(it),
            Item::PractitionerRole(it) => self.role(it),
            Item::Patient(it) => self.patient(it),
            Item::Encounter(it) => self.encounter(it),
            Item::Condition(it) => self.condition(it),
            Item::Observation(it) => self.observation(it),
            Item::Medication(it) => self.medication(it),
        }
    }

    /// The id here of a resource there, or of a row that is made of it.
    pub(super) fn id(&self, what: &str, source_id: &str) -> Uuid {
        blind(&self.world.keyring, what, source_id)
    }

    /// The key of a patient who is here.
    pub(super) fn key_of(&self, patient: &str) -> Result<Arc<PatientKey>, Why> {
        let id = self.id(Kind::Patient.name(), patient);
        if !self.there.has(id) {
            return Err(Why::UnknownPatient);
        }
        self.there.key(id).ok_or(Why::ErasedPatient)
    }

    /// The record of an encounter that is here.
    pub(super) fn visit(&self, encounter: Option<&String>) -> Result<Option<Uuid>, Why> {
        let id = encounter.map(|encounter| self.id(Kind::Encounter.name(), encounter));
        if id.is_none_or(|id| self.there.has(id)) { Ok(id) } else { Err(Why::UnknownEncounter) }
    }

    /// The account of a member of staff, if they have one here.
    pub(super) fn account(&self, practitioner: &str) -> Option<Uuid> {
        Some(self.id(Kind::Practitioner.name(), practitioner)).filter(|id| self.there.has(*id))
    }

    /// A record; `id`, and the rest as in its row.
    pub(super) fn record(&mut self, key: &PatientKey, record: &Record) -> Result<(), KeyringError> {
        let keyring = &self.world.keyring;
        let header = RecordHeader { category: record.category, policy: POLICY.to_owned() };
        let row = medical_record::Model {
            id: record.id,
            patient_id: key.patient(),
            encounter_id: record.visit,
            author_id: record.author,
            header: keyring.seal(record.id, 1, &header)?,
            body: keyring.seal_for(key, &header.policy, record.id, 1, &record.body)?,
            recorded_ms: record.at.timestamp_millis(),
            status: RecordStatus::Current,
            version: 1,
            tag: Vec::new(),
        };
        self.rows.records.push(row);
        Ok(())
    }

    /// A measurement, to be encrypted with the others of its batch.
    pub(super) fn vital(
        &mut self,
        key: &PatientKey,
        (id, record): (Uuid, Option<Uuid>),
        (metric, fixed): (Metric, i64),
        at: DateTime<Utc>,
    ) -> Result<(), KeyringError> {
        let value = self.world.keyring.seal_for(key, "", id, 1, &VitalValue { value: fixed })?;
        let measured = Measured {
            id,
            patient: key.patient(),
            record,
            metric,
            effective_ms: at.timestamp_millis(),
            recorded_ms: self.now.timestamp_millis(),
            value,
            ciphertext: Vec::new(),
        };
        self.measured.push((measured, fixed));
        Ok(())
    }
}

/// What a record is made of.
pub(super) struct Record {
    pub(super) id: Uuid,
    pub(super) visit: Option<Uuid>,
    pub(super) author: Option<Uuid>,
    pub(super) category: RecordCategory,
    pub(super) body: RecordBody,
    pub(super) at: DateTime<Utc>,
}

/// ISO 8601, to the second.
pub(super) fn iso(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl Item {
    fn source_id(&self) -> &str {
        match self {
            Self::Organization(it) => &it.source_id,
            Self::Practitioner(it) => &it.source_id,
            Self::PractitionerRole(it) => &it.source_id,
            Self::Patient(it) => &it.source_id,
            Self::Encounter(it) => &it.source_id,
            Self::Condition(it) => &it.source_id,
            Self::Observation(it) => &it.source_id,
            Self::Medication(it) => &it.source_id,
        }
    }
}

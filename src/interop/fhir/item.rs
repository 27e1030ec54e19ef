//! What one line of an export says, in MediCrypt's terms. Ids are those of the exporting system; nothing is resolved.
//!
//! These hold clinical plaintext: wiped on drop, and without `Debug`. As they wipe themselves they cannot be taken
//! apart: borrow their fields, or `std::mem::take` them.

use chrono::{DateTime, Utc};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::moment::PartialDate;
use crate::clinic::metric::Metric;

/// One resource.
pub enum Item {
    /// Hospital, department, payer.
    Organization(Organization),
    /// A member of staff.
    Practitioner(Practitioner),
    /// What a member of staff does, and where.
    PractitionerRole(PractitionerRole),
    /// A patient.
    Patient(Patient),
    /// A visit.
    Encounter(Encounter),
    /// A diagnosis or problem.
    Condition(Condition),
    /// A vital sign or another finding.
    Observation(Observation),
    /// A prescription: history, since it carries no signature.
    Medication(Medication),
}

/// Something said in a terminology's code, in words, or both.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Concept {
    /// URI of the code system; only with a code.
    pub system: Option<String>,
    /// The code.
    pub code: Option<String>,
    /// What it is called: by the terminology, or else by the writer, or else the code. Never empty.
    pub display: String,
    /// The writer's own words, if any.
    pub text: Option<String>,
}

impl Concept {
    /// The writer's own words, or else the terminology's.
    #[must_use]
    pub fn words(&self) -> &str {
        self.text.as_deref().unwrap_or(&self.display)
    }
}

/// Hospital, department, payer.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Organization {
    /// Its id.
    pub source_id: String,
    /// Its name.
    pub name: String,
    /// Code of its type: `prov`, `dept`, `pay`, …
    pub kind: Option<String>,
    /// Id of the organization that it belongs to.
    pub part_of: Option<String>,
}

/// A member of staff.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Practitioner {
    /// Their id.
    pub source_id: String,
    /// False if they no longer work there.
    pub active: bool,
    /// Family name; the whole name where it is not divided.
    pub family: String,
    /// Given names, may be empty.
    pub given: String,
    /// Address for e-mail.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Highest named qualification, in words.
    pub qualification: Option<String>,
}

/// What a member of staff does, and where.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct PractitionerRole {
    /// Its id.
    pub source_id: String,
    /// False if it has ended.
    pub active: bool,
    /// Id of the member of staff.
    pub practitioner: String,
    /// Id of the organization.
    pub organization: Option<String>,
    /// Code of the role (`doctor`, `nurse`, `pharmacist`, …); in words where it has no code.
    pub role: Option<String>,
    /// Specialty, in words.
    pub specialty: Option<String>,
}

/// Administrative sex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Zeroize)]
pub enum Sex {
    /// `male`
    Male,
    /// `female`
    Female,
    /// `other`
    Other,
    /// `unknown`, or not given.
    Unknown,
}

/// A patient.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Patient {
    /// Their id.
    pub source_id: String,
    /// Medical record number.
    pub mrn: Option<String>,
    /// False if the record is no longer in use.
    pub active: bool,
    /// Family name; the whole name where it is not divided.
    pub family: String,
    /// Given names, may be empty.
    pub given: String,
    /// Administrative sex.
    pub sex: Sex,
    /// Birth date, as precise as it is known.
    pub birth_date: Option<PartialDate>,
    /// Whether they have died.
    pub deceased: bool,
    /// When, if known.
    #[zeroize(skip)]
    pub deceased_at: Option<DateTime<Utc>>,
    /// Telephone number, the mobile one first.
    pub phone: Option<String>,
    /// Address for e-mail.
    pub email: Option<String>,
}

/// A visit.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Encounter {
    /// Its id.
    pub source_id: String,
    /// Id of the patient.
    pub patient: String,
    /// Code of its class: `AMB`, `EMER`, `IMP`, …
    pub class: Option<String>,
    /// FHIR status: `planned`, `in-progress`, `finished`, `cancelled`, … (never `entered-in-error`).
    pub status: String,
    /// When it began.
    #[zeroize(skip)]
    pub start: DateTime<Utc>,
    /// When it ended; not before the start.
    #[zeroize(skip)]
    pub end: Option<DateTime<Utc>>,
    /// The service, in words.
    pub service_type: Option<String>,
    /// Id of the department or other organization that gave it.
    pub department: Option<String>,
    /// Why the patient came, in words: all reasons, or else the chief complaint, joined by `; `.
    pub cause: Option<String>,
    /// The reasons, where possible in ICD-10.
    pub reasons: Vec<Concept>,
    /// Its diagnoses.
    pub diagnoses: Vec<DiagnosisLink>,
    /// Who took part; one person may appear in several roles.
    pub participants: Vec<Participant>,
}

/// A visit's reference to one of its diagnoses.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DiagnosisLink {
    /// Id of the condition.
    pub condition: String,
    /// Code of its part in the visit: `AD`, `DD`, `CC`, `CM`, …
    pub part: Option<String>,
    /// Its rank among those of the same part, from 1.
    pub rank: Option<u32>,
}

/// A member of staff who took part in a visit.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Participant {
    /// Id of the member of staff.
    pub practitioner: String,
    /// Code of the part they took: `ATND`, `ADM`, `DIS`, …
    pub role: Option<String>,
}

/// Where a condition belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Zeroize)]
pub enum ConditionCategory {
    /// To the patient.
    ProblemList,
    /// To one visit.
    EncounterDiagnosis,
}

/// A diagnosis or problem.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Condition {
    /// Its id.
    pub source_id: String,
    /// Id of the patient.
    pub patient: String,
    /// Id of the visit; may be missing from a diagnosis that only its visit refers to.
    pub encounter: Option<String>,
    /// Where it belongs.
    pub category: ConditionCategory,
    /// What it is, where possible in ICD-10.
    pub code: Concept,
    /// `active`, `resolved`, …
    pub clinical_status: Option<String>,
    /// `confirmed`, `provisional`, … (never `entered-in-error` or `refuted`).
    pub verification: Option<String>,
    /// When it began, as precise as it is known.
    pub onset: Option<PartialDate>,
    /// When it was over, as precise as it is known.
    pub abated: Option<PartialDate>,
    /// When it was written down.
    #[zeroize(skip)]
    pub recorded: Option<DateTime<Utc>>,
}

/// A vital sign or another finding.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Observation {
    /// Its id.
    pub source_id: String,
    /// Id of the patient.
    pub patient: String,
    /// Id of the visit.
    pub encounter: Option<String>,
    /// When it was true of the patient.
    #[zeroize(skip)]
    pub effective: DateTime<Utc>,
    /// What was found.
    pub kind: ObservationKind,
}

/// What was found.
#[derive(Zeroize, ZeroizeOnDrop)]
pub enum ObservationKind {
    /// Values of metrics; a blood-pressure panel gives two.
    Vitals {
        /// At least one; each metric at most once.
        readings: Vec<Reading>,
        /// What came along without being a metric (the way of giving oxygen, …), as text to be kept sealed.
        beside: Option<String>,
    },
    /// Smoking status.
    SmokingStatus(Concept),
    /// No metric of ours: kept sealed, counted as such.
    NoMetric {
        /// What was observed.
        code: Concept,
        /// The value with its unit and its components, as text; none if the export gives none.
        value: Option<String>,
    },
}

/// One value of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Zeroize)]
pub struct Reading {
    /// The metric.
    #[zeroize(skip)]
    pub metric: Metric,
    /// Its value in fixed point, see [`Metric::scale`]; within the accepted range, not clamped.
    pub fixed: i64,
}

/// A prescription.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Medication {
    /// Its id.
    pub source_id: String,
    /// Id of the patient.
    pub patient: String,
    /// Id of the visit.
    pub encounter: Option<String>,
    /// When it was written.
    #[zeroize(skip)]
    pub authored_on: DateTime<Utc>,
    /// Id of who wrote it, if a practitioner.
    pub requester: Option<String>,
    /// The drug, where possible in `RxNorm`; its name is [`Concept::words`].
    pub drug: Concept,
    /// How to take it: the writer's text, or else put together from dose, route and timing.
    pub dosage: Option<String>,
    /// One dose with its unit (`500 mg`); FHIR does not say the strength of a tablet here.
    pub dose: Option<String>,
    /// `active`, `completed`, `stopped`, … (never `draft` or `entered-in-error`).
    pub status: String,
    /// How often it may be dispensed again.
    pub repeats: Option<u32>,
    /// For how many days one dispense lasts.
    pub days: Option<u32>,
    /// How much is dispensed at a time, with its unit.
    pub quantity: Option<String>,
}

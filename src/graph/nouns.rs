//! The GraphQL nouns that roles share.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use entity::{PrescriptionStatus, prescription};
use uuid::Uuid;

use super::Cursor;
use crate::{
    clinic::record::Record,
    vault::payload::{Demographics, MedicineBody, PrescriptionBody, RecordBody, RecordCategory},
};

/// Milliseconds as GraphQL has times: ISO 8601 in UTC.
#[must_use]
pub fn time(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::Role")]
pub enum Role {
    /// Runs the server; sees nothing clinical.
    Admin,
    /// Treats patients and prescribes.
    Doctor,
    /// Sees their own records, and who looked.
    Patient,
    /// Verifies and dispenses.
    Pharmacist,
}

/// What kind of record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "RecordCategory")]
pub enum RecordKind {
    /// A visit or stay.
    Encounter,
    /// A diagnosis or problem.
    Condition,
    /// An observation that is no vital sign with a metric.
    Observation,
}

/// Where a prescription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PrescriptionState {
    /// Drafted, not signed.
    Draft,
    /// Signed by the prescriber, to be dispensed.
    Issued,
    /// Part of it was dispensed.
    PartlyDispensed,
    /// All of it was dispensed.
    Dispensed,
    /// Cancelled by the prescriber.
    Cancelled,
    /// Past its date.
    Expired,
    /// Taken over from another system, unsigned: never dispensed here.
    Historical,
}

impl PrescriptionState {
    /// The state of a row at a time: expiry is by date, not by a write.
    #[must_use]
    pub fn of(row: &prescription::Model, now_ms: i64) -> Self {
        match row.status {
            PrescriptionStatus::Issued | PrescriptionStatus::PartlyDispensed if row.expires_ms <= now_ms => {
                Self::Expired
            }
            PrescriptionStatus::Draft => Self::Draft,
            PrescriptionStatus::Issued => Self::Issued,
            PrescriptionStatus::PartlyDispensed => Self::PartlyDispensed,
            PrescriptionStatus::Dispensed => Self::Dispensed,
            PrescriptionStatus::Cancelled => Self::Cancelled,
            PrescriptionStatus::Historical => Self::Historical,
        }
    }
}

/// A patient, by who they are.
#[derive(Clone, SimpleObject)]
pub struct PatientIdentity {
    /// The patient's id.
    pub id: Uuid,
    /// Medical record number.
    pub mrn: Option<String>,
    /// Given names.
    pub given: String,
    /// Family name.
    pub family: String,
    /// FHIR administrative gender.
    pub sex: Option<String>,
    /// ISO 8601 date, perhaps a year alone.
    pub birth_date: Option<String>,
}

impl PatientIdentity {
    /// From the opened column.
    #[must_use]
    pub fn new(id: Uuid, who: &Demographics) -> Self {
        Self {
            id,
            mrn: who.mrn.clone(),
            given: who.given.clone(),
            family: who.family.clone(),
            sex: who.sex.clone(),
            birth_date: who.birth_date.clone(),
        }
    }
}

/// A medical record.
#[derive(Clone, SimpleObject)]
pub struct MedicalRecord {
    /// The record's id.
    pub id: Uuid,
    /// What kind it is.
    pub kind: RecordKind,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The diagnosis, the kind of visit or of observation.
    pub title: String,
    /// Its code, where it has one (ICD-10-CM, LOINC).
    pub code: Option<String>,
    /// Why the patient came.
    pub cause: Option<String>,
    /// Result, status or note.
    pub notes: Option<String>,
    /// From when, ISO 8601.
    pub start: Option<String>,
    /// Until when, ISO 8601.
    pub end: Option<String>,
    /// Department or service.
    pub department: Option<String>,
}

impl MedicalRecord {
    /// With its place in the list.
    #[must_use]
    pub fn of(record: &Record) -> (Cursor, Self) {
        let row = &record.row;
        (Cursor(row.recorded_ms, row.id), Self::new(row.id, row.recorded_ms, record.category, &record.body))
    }

    /// From the opened columns.
    #[must_use]
    pub fn new(id: Uuid, recorded_ms: i64, kind: RecordCategory, body: &RecordBody) -> Self {
        Self {
            id,
            kind: kind.into(),
            recorded_at: time(recorded_ms),
            title: body.title.clone(),
            code: body.code.clone(),
            cause: body.cause.clone(),
            notes: body.notes.clone(),
            start: body.start.clone(),
            end: body.end.clone(),
            department: body.department.clone(),
        }
    }
}

/// A medicine of the catalogue.
#[derive(Clone, SimpleObject)]
pub struct Medicine {
    /// Code in this hospital.
    pub code: String,
    /// Name.
    pub name: String,
    /// Strength, as `500 mg`.
    pub strength: String,
    /// Form, as `tablet`.
    pub form: String,
    /// Price of a unit, in hundredths of the hospital's currency.
    pub price_cents: Option<i64>,
}

impl From<&MedicineBody> for Medicine {
    fn from(body: &MedicineBody) -> Self {
        Self {
            code: body.code.clone(),
            name: body.name.clone(),
            strength: body.strength.clone(),
            form: body.form.clone(),
            price_cents: body.price_cents,
        }
    }
}

/// A prescription as those see it who treat or are the patient.
#[derive(Clone, SimpleObject)]
pub struct Prescription {
    /// The prescription's id.
    pub id: Uuid,
    /// Whose it is.
    pub patient_id: Uuid,
    /// The prescriber's account.
    pub prescriber_id: Uuid,
    /// Where it stands.
    pub state: PrescriptionState,
    /// When it was drafted, or taken over.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The medicine, in words.
    pub medicine: Option<String>,
    /// How to take it.
    pub dosage: Option<String>,
    /// Units prescribed.
    pub quantity: Option<u32>,
    /// The signed text, canonical JSON, byte for byte.
    pub signed_text: Option<String>,
    /// RSASSA-PKCS1-v1_5 signature with SHA-256 over the text, base64.
    pub signature: Option<String>,
}

impl Prescription {
    /// With its place in the list.
    #[must_use]
    pub fn of(row: &prescription::Model, body: &PrescriptionBody, now_ms: i64) -> (Cursor, Self) {
        (Cursor(row.created_ms, row.id), Self::new(row, body, now_ms))
    }

    /// From the opened column.
    #[must_use]
    pub fn new(row: &prescription::Model, body: &PrescriptionBody, now_ms: i64) -> Self {
        let mut prescription = Self {
            id: row.id,
            patient_id: row.patient_id,
            prescriber_id: row.prescriber_id,
            state: PrescriptionState::of(row, now_ms),
            created_at: time(row.created_ms),
            expires_at: time(row.expires_ms),
            medicine: None,
            dosage: None,
            quantity: None,
            signed_text: None,
            signature: None,
        };
        match body {
            PrescriptionBody::Draft { .. } => {}
            PrescriptionBody::Signed { text, signature } => {
                use crypto::signed_text::SignedText as _;
                if let Ok(signed) = crypto::signed_text::Prescription::parse(text) {
                    prescription.medicine = Some(words(&signed.medicine));
                    prescription.dosage = Some(signed.dosage);
                    prescription.quantity = Some(signed.quantity);
                }
                prescription.signed_text = Some(text.clone());
                prescription.signature =
                    Some(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature));
            }
            PrescriptionBody::Historical { drug, dosage, .. } => {
                prescription.medicine = Some(drug.clone());
                prescription.dosage.clone_from(dosage);
            }
        }
        prescription
    }
}

/// A medicine of a signed text in words.
#[must_use]
pub fn words(medicine: &crypto::signed_text::MedicineText) -> String {
    format!("{} {} {}", medicine.name, medicine.strength, medicine.form)
}

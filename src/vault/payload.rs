//! What sealed clinical columns hold: marker to payload.
//!
//! Under the patient's key: who the patient is, what was recorded, measured, prescribed and dispensed. Under a system key:
//! headers, which are opened for deciding, and the medicine catalogue, which is nobody's.

use entity::marker;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Header;
use crate::keyring::{OfPatient, OfSystem, Payload, SystemKey};

/// Who a patient is.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Demographics {
    /// Medical record number.
    pub mrn: Option<String>,
    /// Given names.
    pub given: String,
    /// Family name.
    pub family: String,
    /// FHIR administrative gender.
    pub sex: Option<String>,
    /// ISO 8601, perhaps a year alone.
    pub birth_date: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Whether the patient has died.
    pub deceased: bool,
    /// Tobacco smoking status, where it was asked: SNOMED CT display.
    pub smoking_status: Option<String>,
}

/// What kind of record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordCategory {
    /// A visit or stay.
    Encounter,
    /// A diagnosis or problem.
    Condition,
    /// An observation that is no vital sign with a metric.
    Observation,
}

/// What a record's header says.
#[derive(Clone, Serialize, Deserialize)]
pub struct RecordHeader {
    /// What kind it is.
    pub category: RecordCategory,
    /// The record's own policy; empty where only the rules decide.
    pub policy: String,
}

/// What was recorded.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct RecordBody {
    /// Title: the diagnosis, the kind of visit, the kind of observation.
    pub title: String,
    /// Code of the title, where it has one (ICD-10, LOINC).
    pub code: Option<String>,
    /// Why the patient came.
    pub cause: Option<String>,
    /// Result, status or note, in words.
    pub notes: Option<String>,
    /// From when, ISO 8601.
    pub start: Option<String>,
    /// Until when, ISO 8601.
    pub end: Option<String>,
    /// Department or service.
    pub department: Option<String>,
}

/// The true value of a vital sign, not clamped.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct VitalValue {
    /// Fixed point, in the metric's scale.
    pub value: i64,
}

/// A prescription's header.
#[derive(Clone, Serialize, Deserialize)]
pub struct PrescriptionHeader {
    /// Its policy.
    pub policy: String,
}

/// What a prescription says, by its state.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub enum PrescriptionBody {
    /// What the server gave for the text that is to be signed.
    Draft {
        /// The prescriber's key id.
        key_id: String,
        /// RFC 3339.
        issued_at: String,
        /// RFC 3339.
        expires_at: String,
        /// base64url.
        nonce: String,
    },
    /// The signed text.
    Signed {
        /// Canonical JSON.
        text: String,
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        signature: Vec<u8>,
    },
    /// Taken over from another system, unsigned: history, never dispensed.
    Historical {
        /// The drug as it was written.
        drug: String,
        /// Its code there.
        code: Option<String>,
        /// Dosage in words.
        dosage: Option<String>,
        /// FHIR status there.
        status: String,
        /// Who asked for it there.
        requester: Option<String>,
        /// When, ISO 8601.
        authored_on: Option<String>,
    },
}

/// How much was dispensed.
#[derive(Clone, Copy, Serialize, Deserialize, Zeroize)]
pub struct PrescriptionProgress {
    /// Units prescribed.
    pub prescribed: u32,
    /// Units dispensed.
    pub dispensed: u32,
}

/// A signed hand-over.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct DispensingBody {
    /// Canonical JSON.
    pub text: String,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub signature: Vec<u8>,
    /// Units handed over.
    pub quantity: u32,
    /// Units left after it.
    pub left: u32,
}

/// A medicine of the catalogue.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct MedicineBody {
    /// Code in this hospital.
    pub code: String,
    /// Name.
    pub name: String,
    /// Strength, as `500 mg`.
    pub strength: String,
    /// Form, as `tablet`.
    pub form: String,
    /// Price of a unit in hundredths.
    pub price_cents: Option<i64>,
}

macro_rules! payload {
    ($($payload:ident = $table:literal . $column:literal $($key:ident)?;)*) => {
        $(impl Payload for $payload {
            type Marker = marker::$payload;
            const TABLE: &'static str = $table;
            const COLUMN: &'static str = $column;
        }
        payload!(@ $payload $($key)?);)*
    };
    (@ $payload:ident) => {
        impl OfPatient for $payload {}
    };
    (@ $payload:ident $key:ident) => {
        impl OfSystem for $payload {
            const KEY: SystemKey = SystemKey::$key;
        }
        impl Header for $payload {}
    };
}

payload! {
    Demographics = "patient"."demographics";
    RecordHeader = "medical_record"."header" Header;
    RecordBody = "medical_record"."body";
    VitalValue = "vital"."value";
    PrescriptionHeader = "prescription"."header" Header;
    PrescriptionBody = "prescription"."body";
    PrescriptionProgress = "prescription"."progress";
    DispensingBody = "dispensing"."body";
    MedicineBody = "medicine"."body" Medicine;
}

//! What the sealed columns of accounts hold. Everything is wiped on drop and prints nothing.

use entity::marker;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::ZeroizeOnDrop;

use super::{
    NameRefused,
    username::{Username, is_readable},
};
use crate::keyring::{OfPatient, OfSystem, Payload, SystemKey};

/// Longest name of a person, in characters.
const LONGEST_NAME: usize = 200;

/// A person's name, as it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct PersonName(String);

impl PersonName {
    /// Takes a name as typed: trimmed, in NFC.
    ///
    /// # Errors
    /// [`NameRefused::PersonName`].
    pub fn parse(typed: &str) -> Result<Self, NameRefused> {
        let name: String = typed.trim().nfc().collect();
        let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && is_readable(&name);
        if fits { Ok(Self(name)) } else { Err(NameRefused::PersonName) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A bcrypt hash.
#[derive(Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub(super) struct PasswordHash(pub(super) String);

/// The value of one attribute; empty where it was taken away.
#[derive(Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub(super) struct AttributeValue(pub(super) String);

/// What policies may ask about an account besides `role` and `user_id`. The set is closed, so that a row somebody
/// deleted is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// Where a doctor or admin works.
    Department,
    /// The hospital.
    Hospital,
    /// The pharmacy a pharmacist works for.
    Pharmacy,
    /// A doctor's specialty.
    Specialty,
}

impl Attribute {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Department, Self::Hospital, Self::Pharmacy, Self::Specialty];

    /// The key, as a policy writes it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::Hospital => "hospital",
            Self::Pharmacy => "pharmacy",
            Self::Specialty => "specialty",
        }
    }
}

/// An administrator's profile.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ZeroizeOnDrop)]
pub struct AdminDetails {
    /// Department, such as `Records`.
    pub department: String,
}

/// A doctor's profile.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ZeroizeOnDrop)]
pub struct DoctorDetails {
    /// Department, such as `Cardiology`.
    pub department: String,
    /// Specialty, such as `Interventional`.
    pub specialty: String,
    /// Hospital, such as `KMC`.
    pub hospital: String,
}

/// A pharmacist's profile.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ZeroizeOnDrop)]
pub struct PharmacistDetails {
    /// Pharmacy, such as `KMC Pharmacy`.
    pub pharmacy: String,
    /// Licence number, such as `PHKMC001`.
    pub licence: String,
}

/// What is kept about a patient's account; who the patient is stands in the patient's demographics.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ZeroizeOnDrop)]
pub struct PatientDetails {
    /// Whether the patient registered without the desk.
    pub self_registered: bool,
}

macro_rules! payloads {
    ($($payload:ident in $table:literal . $column:literal)*) => {
        $(impl Payload for $payload {
            type Marker = marker::$payload;
            const TABLE: &'static str = $table;
            const COLUMN: &'static str = $column;
        })*
    };
}

payloads! {
    Username in "account"."username"
    PersonName in "account"."name"
    PasswordHash in "account"."password_hash"
    AttributeValue in "account_attribute"."value"
    AdminDetails in "admin_profile"."details"
    DoctorDetails in "doctor_profile"."details"
    PharmacistDetails in "pharmacist_profile"."details"
    PatientDetails in "patient_profile"."details"
}

macro_rules! of_system {
    ($($payload:ident)*) => {
        $(impl OfSystem for $payload {
            const KEY: SystemKey = SystemKey::Account;
        })*
    };
}

of_system! { Username PersonName PasswordHash AttributeValue AdminDetails DoctorDetails PharmacistDetails }

impl OfPatient for PatientDetails {}

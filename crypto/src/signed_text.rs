//! The texts that people sign, as types shared by server and client.
//!
//! A signed text is canonical JSON ([`crate::canonical`]) with a `domain` that says what the signature means,
//! so a signature for one purpose is worth nothing for another. The client composes the text from its own
//! form, the server rebuilds it from the typed input and compares every field; both go through
//! [`SignedText`], which checks the fields' form in either direction.
//!
//! Field conventions, refused when broken: ids are lower-case UUIDs; key ids and hashes are 32 bytes in
//! base64url without padding; times are RFC 3339, UTC, with milliseconds (`2026-11-22T10:00:00.000Z`); nonces
//! are 16 to 64 bytes in base64url; words are neither empty nor surrounded by spaces.
//!
//! To add a text: write its struct, give it a domain and a `check`, add it to `tests/signed_texts.rs`.
//! No text has a `Debug`: most hold clinical words. Pure: touches nothing but its arguments.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use form::{expect, hash, id, nonce, time, words};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    canonical::{self, TextRefused},
    signature::PublicKey,
};

mod form;

/// A typed text with its domain.
pub trait SignedText: Serialize + DeserializeOwned {
    /// What a signature over this text means, as `medicrypt/NAME/vN`.
    const DOMAIN: &'static str;

    /// Checks the form of the fields.
    ///
    /// # Errors
    /// [`TextRefused::Field`] names the first field that is not written as it must be.
    fn check(&self) -> Result<(), TextRefused>;

    /// The canonical text, to be signed or compared.
    ///
    /// # Errors
    /// [`TextRefused`] if a field breaks the module's conventions or the canonical form's rules.
    fn text(&self) -> Result<String, TextRefused> {
        self.check()?;
        let Ok(Value::Object(mut members)) = serde_json::to_value(self) else {
            return Err(TextRefused::Shape { domain: Self::DOMAIN });
        };
        members.insert("domain".to_owned(), Self::DOMAIN.into());
        canonical::to_text(&Value::Object(members))
    }

    /// Reads a canonical text of this domain; missing and unknown fields are refused.
    ///
    /// # Errors
    /// [`TextRefused`] if it is anything but what [`Self::text`] writes.
    fn parse(text: &str) -> Result<Self, TextRefused> {
        let mut value = canonical::parse(text)?;
        let domain = value.as_object_mut().and_then(|members| members.remove("domain"));
        if domain != Some(Self::DOMAIN.into()) {
            return Err(TextRefused::Domain { expected: Self::DOMAIN });
        }
        let parsed: Self =
            serde_json::from_value(value).map_err(|_| TextRefused::Shape { domain: Self::DOMAIN })?;
        parsed.check()?;
        Ok(parsed)
    }
}

/// SHA-256 of a signed text in base64url without padding, as [`Handover::prescription_hash`] holds it.
#[must_use]
pub fn text_hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// Proves possession of a key at login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Login {
    /// The user name the challenge was asked for.
    pub user: String,
    /// The server's 32 random bytes in base64url without padding.
    pub challenge: String,
    /// Always `login`.
    pub purpose: LoginPurpose,
    /// The server's address as the client sees it, such as `https://records.example`.
    pub origin: String,
    /// The signing key's id.
    pub key_id: String,
}

/// What a login text is for; a value of its own, so that the text says it in words.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LoginPurpose {
    /// Logging in.
    Login,
}

impl SignedText for Login {
    const DOMAIN: &'static str = "medicrypt/login/v1";

    fn check(&self) -> Result<(), TextRefused> {
        words("user", &self.user)?;
        hash("challenge", &self.challenge)?;
        words("origin", &self.origin)?;
        hash("keyId", &self.key_id)
    }
}

/// Proves possession of a new user's key, bound to the enrolment code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Enrol {
    /// The user name.
    pub user: String,
    /// SHA-256 of the one-time code.
    pub code_hash: String,
    /// The id of the key being enrolled, which also signs.
    pub key_id: String,
}

impl SignedText for Enrol {
    const DOMAIN: &'static str = "medicrypt/enrol/v1";

    fn check(&self) -> Result<(), TextRefused> {
        words("user", &self.user)?;
        hash("codeHash", &self.code_hash)?;
        hash("keyId", &self.key_id)
    }
}

/// Replaces a key; the old key signs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplaceKey {
    /// The user name.
    pub user: String,
    /// The id of the key in use, which signs.
    pub old_key_id: String,
    /// The id of the key to come.
    pub new_key_id: String,
    /// The key to come: `SubjectPublicKeyInfo` DER in base64 with padding. Its id must be `new_key_id`.
    pub new_key_spki: String,
}

impl SignedText for ReplaceKey {
    const DOMAIN: &'static str = "medicrypt/replace-key/v1";

    fn check(&self) -> Result<(), TextRefused> {
        words("user", &self.user)?;
        hash("oldKeyId", &self.old_key_id)?;
        hash("newKeyId", &self.new_key_id)?;
        let key =
            STANDARD.decode(&self.new_key_spki).ok().and_then(|der| PublicKey::from_spki_der(&der).ok());
        let named = key.is_some_and(|key| key.key_id() == self.new_key_id);
        expect(named, "newKeySpki", "the base64 SPKI of an acceptable RSA key with the id `newKeyId`")
    }
}

/// A prescription, signed by the prescriber.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prescription {
    /// The prescription's id, from its draft.
    pub id: String,
    /// The patient's id.
    pub patient: String,
    /// The prescriber's user id.
    pub prescriber: String,
    /// The signing key's id.
    pub key_id: String,
    /// When it was drafted.
    pub issued_at: String,
    /// When it stops being dispensable.
    pub expires_at: String,
    /// The draft's nonce.
    pub nonce: String,
    /// What is prescribed.
    pub medicine: MedicineText,
    /// How many units may be dispensed in all; at least 1.
    pub quantity: u32,
    /// How to take it.
    pub dosage: String,
}

/// A medicine as a prescription writes it out: the catalogue may change, the signed text does not.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MedicineText {
    /// The catalogue's code.
    pub code: String,
    /// The name.
    pub name: String,
    /// The strength, such as `500 mg`.
    pub strength: String,
    /// The form, such as `tablet`.
    pub form: String,
}

impl SignedText for Prescription {
    const DOMAIN: &'static str = "medicrypt/prescription/v1";

    fn check(&self) -> Result<(), TextRefused> {
        id("id", &self.id)?;
        id("patient", &self.patient)?;
        id("prescriber", &self.prescriber)?;
        hash("keyId", &self.key_id)?;
        time("issuedAt", &self.issued_at)?;
        time("expiresAt", &self.expires_at)?;
        // Times of one fixed form order as their strings do.
        expect(self.issued_at < self.expires_at, "expiresAt", "later than `issuedAt`")?;
        nonce(&self.nonce)?;
        words("medicine.code", &self.medicine.code)?;
        words("medicine.name", &self.medicine.name)?;
        words("medicine.strength", &self.medicine.strength)?;
        words("medicine.form", &self.medicine.form)?;
        expect(self.quantity >= 1, "quantity", "at least 1")?;
        words("dosage", &self.dosage)
    }
}

/// Cancels a prescription; the prescriber signs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cancel {
    /// The prescription's id.
    pub prescription: String,
    /// The prescriber's user id.
    pub prescriber: String,
    /// The signing key's id.
    pub key_id: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: String,
    /// A nonce from the server.
    pub nonce: String,
}

impl SignedText for Cancel {
    const DOMAIN: &'static str = "medicrypt/cancel/v1";

    fn check(&self) -> Result<(), TextRefused> {
        id("prescription", &self.prescription)?;
        id("prescriber", &self.prescriber)?;
        hash("keyId", &self.key_id)?;
        words("reason", &self.reason)?;
        time("at", &self.at)?;
        nonce(&self.nonce)
    }
}

/// Hands medicine over; the pharmacist signs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Handover {
    /// The prescription's id.
    pub prescription: String,
    /// [`text_hash`] of the prescription's signed text.
    pub prescription_hash: String,
    /// The pharmacist's user id.
    pub pharmacist: String,
    /// The signing key's id.
    pub key_id: String,
    /// How many units are handed over; at least 1.
    pub quantity: u32,
    /// This hand-over's own id.
    pub handover: String,
    /// When.
    pub at: String,
}

impl SignedText for Handover {
    const DOMAIN: &'static str = "medicrypt/handover/v1";

    fn check(&self) -> Result<(), TextRefused> {
        id("prescription", &self.prescription)?;
        hash("prescriptionHash", &self.prescription_hash)?;
        id("pharmacist", &self.pharmacist)?;
        hash("keyId", &self.key_id)?;
        expect(self.quantity >= 1, "quantity", "at least 1")?;
        id("handover", &self.handover)?;
        time("at", &self.at)
    }
}

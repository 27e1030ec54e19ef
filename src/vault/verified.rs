//! From an opened, signed text to one that is known to say what its row says.

use crypto::{
    signature::PublicKey,
    signed_text::{self, SignedText as _},
};
use uuid::Uuid;
use zeroize::Zeroize as _;

use super::{Opened, Vault, payload::PrescriptionBody};
use crate::access::{Action, Permit};

/// Why a signed text does not stand for its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// There is none: a draft, or taken over from elsewhere.
    #[error("it is not signed")]
    NotSigned,
    /// The text is not a canonical prescription.
    #[error("the signed text is not a prescription in canonical form")]
    Malformed,
    /// Text and row differ.
    #[error("the signed text and the prescription differ in `{0}`")]
    Differs(&'static str),
    /// The signature is not the key's over this text.
    #[error("the signature is not the prescriber's")]
    Invalid,
}

/// A prescription whose signature was verified live, for the row that it remembers.
pub struct Verified<T: Wipe> {
    text: T,
    row: Uuid,
    hash: String,
}

impl<T: Wipe> Verified<T> {
    /// What was signed.
    #[must_use]
    pub fn text(&self) -> &T {
        &self.text
    }

    /// The row it stands for.
    #[must_use]
    pub fn row(&self) -> Uuid {
        self.row
    }

    /// SHA-256 of the signed text, base64url: what a hand-over signs.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// Texts that can be wiped.
pub trait Wipe {
    /// Overwrites every clinical word.
    fn wipe(&mut self);
}

impl Wipe for signed_text::Prescription {
    fn wipe(&mut self) {
        let medicine = &mut self.medicine;
        for word in [
            &mut medicine.code,
            &mut medicine.name,
            &mut medicine.strength,
            &mut medicine.form,
            &mut self.dosage,
        ] {
            word.zeroize();
        }
        self.quantity.zeroize();
    }
}

impl<T: Wipe> Drop for Verified<T> {
    fn drop(&mut self) {
        self.text.wipe();
    }
}

impl Vault {
    /// Verifies a prescription: canonical text, every field against its row, then the signature.
    ///
    /// # Errors
    /// The first [`SignatureFault`].
    pub fn verify<A: Action>(
        &self,
        body: &Opened<PrescriptionBody>,
        permit: &Permit<A>,
        prescriber: Uuid,
        expires_ms: i64,
        key: &PublicKey,
    ) -> Result<Verified<signed_text::Prescription>, SignatureFault> {
        let PrescriptionBody::Signed { text, signature } = &**body else {
            return Err(SignatureFault::NotSigned);
        };
        let signed = signed_text::Prescription::parse(text).map_err(|_| SignatureFault::Malformed)?;
        let at = permit.resource();
        let verified = Verified { row: at.row, hash: signed_text::text_hash(text), text: signed };
        let signed = verified.text();
        let expires =
            chrono::DateTime::parse_from_rfc3339(&signed.expires_at).map(|time| time.timestamp_millis());
        for (field, agrees) in [
            ("id", signed.id == at.row.to_string()),
            ("patient", at.patient.is_some_and(|patient| signed.patient == patient.to_string())),
            ("prescriber", signed.prescriber == prescriber.to_string()),
            ("keyId", signed.key_id == key.key_id()),
            ("expiresAt", expires == Ok(expires_ms)),
        ] {
            if !agrees {
                return Err(SignatureFault::Differs(field));
            }
        }
        key.verify(text.as_bytes(), signature).map_err(|_| SignatureFault::Invalid)?;
        Ok(verified)
    }
}

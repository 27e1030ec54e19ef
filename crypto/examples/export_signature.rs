//! Prints a signed prescription as JSON, for another implementation to verify:
//! `cargo run -p medicrypt-crypto --example export_signature | python3 tests/independent/signature.py`.
//!
//! The key is a throwaway one, made from a fixed seed.

use base64::{Engine, engine::general_purpose::STANDARD};
use medicrypt_crypto::{
    signature::PrivateKey,
    signed_text::{MedicineText, Prescription, SignedText},
};
use rand::{SeedableRng, rngs::StdRng};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = PrivateKey::generate(2048, &mut StdRng::seed_from_u64(2026))?;
    let prescription = Prescription {
        id: "6f1f1f0a-3c1e-4c55-9d0e-2f6f0f3f4a11".to_owned(),
        patient: "0b1d2c3e-aaaa-4bbb-8ccc-0123456789ab".to_owned(),
        prescriber: "d2719a6e-2f0c-4a0e-8d3b-5d8f5a3b7c10".to_owned(),
        key_id: key.public().key_id(),
        issued_at: "2026-11-22T10:00:00.000Z".to_owned(),
        expires_at: "2026-12-22T10:00:00.000Z".to_owned(),
        nonce: "AAECAwQFBgcICQoLDA0ODw".to_owned(),
        medicine: MedicineText {
            code: "SALB100".to_owned(),
            name: "Salbutamol inhaler".to_owned(),
            strength: "100 µg".to_owned(),
            form: "inhaler".to_owned(),
        },
        quantity: 2,
        dosage: "2 puffs when needed, \"as shown\"".to_owned(),
    };
    let text = prescription.text()?;
    let exported = serde_json::json!({
        "spki_pem": key.public().spki_pem(),
        "key_id": key.public().key_id(),
        "signature_b64": STANDARD.encode(key.sign(text.as_bytes())?),
        "text": text,
    });
    println!("{exported:#}");
    Ok(())
}

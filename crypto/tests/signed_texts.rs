//! The typed texts: their exact form, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use medicrypt_crypto::{
    canonical::{self, TextRefused},
    signature::PrivateKey,
    signed_text::{
        Cancel, Enrol, Handover, Login, LoginPurpose, MedicineText, Prescription, ReplaceKey, SignedText,
        text_hash,
    },
};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

const ID: &str = "6f1f1f0a-3c1e-4c55-9d0e-2f6f0f3f4a11";
const OTHER_ID: &str = "0b1d2c3e-aaaa-4bbb-8ccc-0123456789ab";
/// 32 zero bytes.
const HASH: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const NONCE: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const NOW: &str = "2026-11-22T10:00:00.000Z";
const LATER: &str = "2026-12-22T10:00:00.000Z";

static NEW_KEY: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::generate(2048, &mut StdRng::seed_from_u64(1)).unwrap());

fn login() -> Login {
    Login {
        user: "omkar@doctor.kmc.edu".into(),
        challenge: HASH.into(),
        purpose: LoginPurpose::Login,
        origin: "https://records.example".into(),
        key_id: HASH.into(),
    }
}

fn enrol() -> Enrol {
    Enrol { user: "omkar@doctor.kmc.edu".into(), code_hash: HASH.into(), key_id: HASH.into() }
}

fn replace_key() -> ReplaceKey {
    ReplaceKey {
        user: "omkar@doctor.kmc.edu".into(),
        old_key_id: HASH.into(),
        new_key_id: NEW_KEY.public().key_id(),
        new_key_spki: STANDARD.encode(NEW_KEY.public().spki_der()),
    }
}

fn prescription() -> Prescription {
    Prescription {
        id: ID.into(),
        patient: OTHER_ID.into(),
        prescriber: OTHER_ID.into(),
        key_id: HASH.into(),
        issued_at: NOW.into(),
        expires_at: LATER.into(),
        nonce: NONCE.into(),
        medicine: MedicineText {
            code: "PARA500".into(),
            name: "Paracetamol".into(),
            strength: "500 mg".into(),
            form: "tablet".into(),
        },
        quantity: 10,
        dosage: "1 tablet every 6 hours".into(),
    }
}

fn cancel() -> Cancel {
    Cancel {
        prescription: ID.into(),
        prescriber: OTHER_ID.into(),
        key_id: HASH.into(),
        reason: "allergy noticed".into(),
        at: NOW.into(),
        nonce: NONCE.into(),
    }
}

fn handover() -> Handover {
    Handover {
        prescription: ID.into(),
        prescription_hash: HASH.into(),
        pharmacist: OTHER_ID.into(),
        key_id: HASH.into(),
        quantity: 10,
        handover: OTHER_ID.into(),
        at: NOW.into(),
    }
}

#[test]
fn a_prescription_is_written_as_documented() {
    let expected = format!(
        "{{\"domain\":\"medicrypt/prescription/v1\",\"dosage\":\"1 tablet every 6 hours\",\"expiresAt\":\"{LATER}\",\
         \"id\":\"{ID}\",\"issuedAt\":\"{NOW}\",\"keyId\":\"{HASH}\",\"medicine\":{{\"code\":\"PARA500\",\
         \"form\":\"tablet\",\"name\":\"Paracetamol\",\"strength\":\"500 mg\"}},\"nonce\":\"{NONCE}\",\
         \"patient\":\"{OTHER_ID}\",\"prescriber\":\"{OTHER_ID}\",\"quantity\":10}}"
    );
    assert_eq!(prescription().text().unwrap(), expected);
}

#[test]
fn a_login_is_written_as_documented() {
    let expected = format!(
        "{{\"challenge\":\"{HASH}\",\"domain\":\"medicrypt/login/v1\",\"keyId\":\"{HASH}\",\
         \"origin\":\"https://records.example\",\"purpose\":\"login\",\"user\":\"omkar@doctor.kmc.edu\"}}"
    );
    assert_eq!(login().text().unwrap(), expected);
}

#[test]
fn every_text_is_read_back_and_only_under_its_own_domain() {
    fn check<T: SignedText + PartialEq>(original: &T) -> (String, Value) {
        let text = original.text().unwrap();
        assert!(T::parse(&text).unwrap() == *original);
        let value = canonical::parse(&text).unwrap();
        assert_eq!(value["domain"], T::DOMAIN);
        (text, value)
    }
    let all = [
        check(&login()),
        check(&enrol()),
        check(&replace_key()),
        check(&prescription()),
        check(&cancel()),
        check(&handover()),
    ];
    for (text, value) in all {
        let accepted = [
            Login::parse(&text).is_ok(),
            Enrol::parse(&text).is_ok(),
            ReplaceKey::parse(&text).is_ok(),
            Prescription::parse(&text).is_ok(),
            Cancel::parse(&text).is_ok(),
            Handover::parse(&text).is_ok(),
        ];
        assert_eq!(accepted.into_iter().filter(|yes| *yes).count(), 1, "{}", value["domain"]);
    }
}

#[test]
fn missing_unknown_and_mistyped_fields_are_refused() {
    let original = canonical::parse(&prescription().text().unwrap()).unwrap();
    let parsed = |value: &Value| Prescription::parse(&canonical::to_text(value).unwrap()).err();
    for key in original.as_object().unwrap().keys() {
        let mut value = original.clone();
        value.as_object_mut().unwrap().remove(key);
        assert!(parsed(&value).is_some(), "without {key}");
        value[key] = json!([]);
        assert!(parsed(&value).is_some(), "{key} as a list");
    }
    let shape = Some(TextRefused::Shape { domain: Prescription::DOMAIN });
    let changed = |change: fn(&mut Value)| {
        let mut value = original.clone();
        change(&mut value);
        parsed(&value)
    };
    assert_eq!(changed(|value| value["repeat"] = json!(3)), shape);
    assert_eq!(changed(|value| value["medicine"]["note"] = json!("x")), shape);
    assert_eq!(changed(|value| value["quantity"] = json!(-1)), shape);
    assert_eq!(changed(|value| value["quantity"] = json!("10")), shape);
    assert_eq!(changed(|value| value["quantity"] = json!(4_294_967_296_u64)), shape);
    let domain = Some(TextRefused::Domain { expected: Prescription::DOMAIN });
    assert_eq!(changed(|value| value["domain"] = json!("medicrypt/prescription/v2")), domain);
    assert_eq!(Prescription::parse("[]").err(), domain);
}

#[test]
fn a_login_text_is_for_login_only() {
    let text = login().text().unwrap().replace(r#""purpose":"login""#, r#""purpose":"sign""#);
    assert_eq!(Login::parse(&text).err(), Some(TextRefused::Shape { domain: Login::DOMAIN }));
}

#[test]
fn fields_not_written_as_they_must_be_are_refused_when_writing_and_reading() {
    fn refused(field: &str, change: impl Fn(&mut Prescription)) {
        let mut changed = prescription();
        change(&mut changed);
        let named = |error| matches!(error, Some(TextRefused::Field { field: name, .. }) if name == field);
        assert!(named(changed.text().err()), "{field} was written");
        let mut value = serde_json::to_value(&changed).unwrap();
        value["domain"] = Prescription::DOMAIN.into();
        assert!(named(Prescription::parse(&canonical::to_text(&value).unwrap()).err()), "{field} was read");
    }
    refused("id", |text| text.id = ID.to_uppercase());
    refused("id", |text| text.id = ID.replace('-', ""));
    refused("patient", |text| text.patient = String::new());
    refused("prescriber", |text| text.prescriber = format!("{{{ID}}}"));
    refused("keyId", |text| text.key_id = HASH[1..].to_owned());
    refused("keyId", |text| text.key_id = format!("{HASH}="));
    // The last character's spare bits: the same 32 bytes, written another way.
    refused("keyId", |text| text.key_id = format!("{}B", &HASH[1..]));
    refused("nonce", |text| text.nonce = "AAAA".to_owned());
    refused("medicine.name", |text| text.medicine.name = String::new());
    refused("dosage", |text| text.dosage = "1 tablet ".to_owned());
    refused("quantity", |text| text.quantity = 0);
    refused("expiresAt", |text| text.expires_at = NOW.to_owned());
    for bad in [
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00.000+00:00",
        "2026-11-22 10:00:00.000Z",
        "2026-11-22T10:00:00.0000Z",
        "2026-13-22T10:00:00.000Z",
        "2026-00-22T10:00:00.000Z",
        "2026-11-31T10:00:00.000Z",
        "2026-11-00T10:00:00.000Z",
        "2026-02-29T10:00:00.000Z",
        "1900-02-29T10:00:00.000Z",
        "2026-11-22T24:00:00.000Z",
        "2026-11-22T10:60:00.000Z",
        "2026-11-22T10:00:60.000Z",
        "2026-11-22T10:00:00.00éZ",
        "２026-11-22T10:00:00.0Z",
    ] {
        refused("issuedAt", |text| text.issued_at = bad.to_owned());
    }
    let leap = Prescription { issued_at: "2024-02-29T23:59:59.999Z".into(), ..prescription() };
    assert!(leap.text().is_ok());
}

#[test]
fn deceptive_characters_reach_no_signed_text() {
    let text = Prescription { dosage: "1 tablet\u{202e}s 5".into(), ..prescription() }.text();
    assert_eq!(text.err(), Some(TextRefused::Character { code_point: 0x202e }));
}

#[test]
fn a_new_key_that_is_not_the_one_named_is_refused() {
    let expected =
        |text: &ReplaceKey| matches!(text.text(), Err(TextRefused::Field { field: "newKeySpki", .. }));
    assert!(expected(&ReplaceKey { new_key_id: HASH.into(), ..replace_key() }));
    assert!(expected(&ReplaceKey { new_key_spki: "AAAA".into(), ..replace_key() }));
    assert!(replace_key().text().is_ok());
}

#[test]
fn a_hash_names_a_text() {
    // SHA-256 of the empty string.
    assert_eq!(text_hash(""), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    let hash = text_hash(&prescription().text().unwrap());
    assert!(Handover { prescription_hash: hash, ..handover() }.text().is_ok());
}

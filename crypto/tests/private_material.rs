//! What is recognized as a private key, and what must not be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::sync::LazyLock;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use medicrypt_crypto::signature::{PrivateKey, holds_private_key};
use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};

static KEY: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::generate(2048, &mut StdRng::seed_from_u64(1)).unwrap());

/// The first lines of keys made by OpenSSL; the rest, with the secret, is not needed to recognize them.
const BEGINNINGS: [(&str, &str); 10] = [
    ("PKCS#8 RSA", "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCiCYr2wxVk0MKB"),
    ("PKCS#8 RSA-PSS", "MIIEuwIBADALBgkqhkiG9w0BAQoEggSnMIIEowIBAAKCAQEA6BY3z56aKeI14a0g"),
    ("PKCS#8 EC", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgV2wvhMzEWtuQ9tva"),
    ("PKCS#8 Ed25519", "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ("PKCS#8 encrypted, PBES2", "MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIdvNwYR+EjjECAggA"),
    ("PKCS#8 encrypted, PBES1", "MIIE6jAcBgoqhkiG9w0BDAEDMA4ECMbC11SyFf4IAgIIAASCBMhpFnkMHr/KvWI6"),
    ("PKCS#1", "MIIEogIBAAKCAQEAogmK9sMVZNDCgeBfR/39UnSgSdfVPKzL1S0jglxdkHu77UOB"),
    ("SEC1 P-256", "MHcCAQEEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAoAoGCCqGSM49"),
    ("SEC1 P-521", "MIHcAgEBBEIBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ("PKCS#12", "MIIJzwIBAzCCCYUGCSqGSIb3DQEHAaCCCXYEgglyMIIJbjCCA+IGCSqGSIb3DQEH"),
];

/// The first lines of what may well be sent, made by OpenSSL.
const PUBLIC: [(&str, &str); 5] = [
    ("PKCS#1 public key", "MIIBCgKCAQEAogmK9sMVZNDCgeBfR/39UnSgSdfVPKzL1S0jglxdkHu77UOBsbhe"),
    ("certificate", "MIIC+TCCAeGgAwIBAgIUcTp/rtJkrTAMYUOnCODH46pOWHswDQYJKoZIhvcNAQELBQAwDDEKMAgGA1UEAwwB"),
    ("certificate request", "MIICUTCCATkCAQAwDDEKMAgGA1UEAwwBeDCCASIwDQYJKoZIhvcNAQEBBQADggEP"),
    ("CMS signed data", "MIIFawYJKoZIhvcNAQcCoIIFXDCCBVgCAQExDTALBglghkgBZQMEAgEwCwYJKoZIhvcNAQcBoIIC"),
    ("EC public key", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXUWtsfN4HPVMNheTz81etfwXYuUm4T1n8/TDGYJO"),
];

#[test]
fn the_beginning_of_every_kind_of_key_is_enough() {
    for (kind, beginning) in BEGINNINGS {
        assert!(holds_private_key(beginning), "{kind}");
        assert!(holds_private_key(&format!(r#"{{"key":"{beginning}"}}"#)), "{kind} in JSON");
        assert!(holds_private_key(&format!("my key is {beginning}")), "{kind} after words");
        assert!(holds_private_key(&beginning.replace('+', "-").replace('/', "_")), "{kind} in base64url");
        assert!(holds_private_key(&STANDARD.encode(beginning)), "{kind} in base64 again");
    }
}

#[test]
fn public_structures_are_not_private_keys() {
    for (kind, beginning) in PUBLIC {
        assert!(!holds_private_key(beginning), "{kind}");
        assert!(!holds_private_key(&STANDARD.encode(beginning)), "{kind} in base64 again");
    }
}

#[test]
fn a_key_is_found_however_its_text_was_mangled() {
    let pem = KEY.to_pem().unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(&body).unwrap();
    let in_json = serde_json::json!({ "input": { "note": pem.as_str() } }).to_string();
    let mangled = [
        pem.to_string(),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', "\\n"),
        pem.replace('\n', "\\\\r\\\\n"),
        pem.replace('\n', "\\u000a"),
        pem.replace('\n', "%0A").replace('+', "%2B").replace('/', "%2F"),
        pem.replace('\n', "\n> "),
        pem.replace('\n', ""),
        pem.replace(' ', "  "),
        pem.replace("PRIVATE KEY", "private key"),
        pem.replace("-----", ""),
        format!("please sign with this:\n{}\nthanks", pem.as_str()),
        serde_json::to_string(&in_json).unwrap(),
        in_json,
        body.clone(),
        body.chars().flat_map(|c| [c, ' ']).collect(),
        body.chars().flat_map(|c| [c, '\u{200b}']).collect(),
        format!("data:application/pkcs8;base64,{body}"),
        STANDARD_NO_PAD.encode(&der),
        URL_SAFE_NO_PAD.encode(&der),
        STANDARD.encode(pem.as_bytes()),
        STANDARD.encode(STANDARD.encode(pem.as_bytes())),
        // Just the secret part, as PKCS#1.
        STANDARD.encode(&der[26..]),
    ];
    for text in mangled {
        assert!(holds_private_key(&text), "{}…", text.chars().take(90).collect::<String>());
    }
}

#[test]
fn every_private_label_is_found_without_its_body() {
    for kind in ["", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ", "ANY "] {
        assert!(holds_private_key(&format!("-----BEGIN {kind}PRIVATE KEY-----\n????????????????")), "{kind}");
    }
    assert!(holds_private_key("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n????????????"));
    assert!(holds_private_key("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n??????????"));
    assert!(holds_private_key("PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: x"));
}

#[test]
fn a_jwk_with_private_members_is_found_however_it_is_written() {
    let secret = "x".repeat(43);
    let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{secret}","y":"{secret}","d":"{secret}"}}"#);
    let forms = [
        jwk.clone(),
        jwk.replace(',', " ,\n  ").replace(':', " : "),
        jwk.replace('"', "'"),
        jwk.replace(r#""d""#, r#""\u0064""#),
        serde_json::to_string(&serde_json::json!({ "keys": [jwk] })).unwrap(),
        format!("my key: {jwk}"),
        format!(r#"{{kty:"EC",d:"{secret}"}}"#),
        format!(r#"{{"d":"{secret}","kty":"OKP"}}"#),
        format!(r#"{{"k":"{secret}","kty":"oct"}}"#),
        format!(r#"{{"kty":"RSA","n":"{secret}","e":"AQAB","p":"{secret}"}}"#),
        URL_SAFE_NO_PAD.encode(&jwk),
    ];
    for text in forms {
        assert!(holds_private_key(&text), "{text}");
    }
    let public = format!(r#"{{"kty":"EC","crv":"P-256","x":"{secret}","y":"{secret}","kid":"{secret}"}}"#);
    assert!(!holds_private_key(&public));
    assert!(!holds_private_key(&URL_SAFE_NO_PAD.encode(public)));
}

#[test]
fn what_clients_do_send_is_let_through() {
    let text = serde_json::json!({
        "dosage": "1 tablet at night, for 30 days; 100 % of the dose, i.e. d: 5 mg \\ k: 2",
        "notes": "Patient lost the PRIVATE KEY to the ward. BEGIN treatment on Monday, key included.",
    })
    .to_string();
    let sent = [
        text.clone(),
        STANDARD.encode(&text),
        KEY.public().spki_pem().to_owned(),
        KEY.public().spki_pem().replace('\n', "\\n"),
        STANDARD.encode(KEY.public().spki_pem()),
        STANDARD.encode(KEY.public().spki_der()),
        STANDARD.encode(KEY.sign(b"text").unwrap()),
        KEY.public().key_id(),
        "M".repeat(10_000),
        "query Q($id: ID!) { patient(id: $id) { name records(first: 50) { nodes { diagnosis } } } }"
            .to_owned(),
    ];
    for text in sent {
        assert!(!holds_private_key(&text), "{}…", text.chars().take(90).collect::<String>());
    }
}

proptest! {
    #[test]
    fn ciphertext_is_let_through_in_either_alphabet(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert!(!holds_private_key(&STANDARD.encode(&bytes)));
        prop_assert!(!holds_private_key(&URL_SAFE_NO_PAD.encode(&bytes)));
    }

    #[test]
    fn noise_full_of_escapes_is_looked_through_and_let_through(text in r#"[\\%"'{},:=A-Za-z0-9+/ uéM\n\u{10ffff}]{0,200}"#) {
        prop_assert!(!holds_private_key(&text));
    }

    #[test]
    fn a_key_is_found_at_any_place(before in "[ -~]{0,40}", after in "[ -~]{0,40}", which in 0..BEGINNINGS.len()) {
        // A trailing escape would swallow the key's first letter.
        let before = before.replace(['\\', '%'], "");
        let text = format!("{before}{}{after}", BEGINNINGS[which].1);
        prop_assert!(holds_private_key(&text));
    }
}

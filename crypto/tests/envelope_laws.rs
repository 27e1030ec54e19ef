//! The laws of the envelope: it opens where it was sealed, and nowhere else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use medicrypt_crypto::{
    envelope::{AssociatedData, OpenError, a256cbc_hs512, open, seal},
    kdf::data_key,
    key::Key,
    mac::verify,
};
use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::Value;

const LABEL: &str = "medicrypt/record/v1";
const HOME: AssociatedData<'_> = AssociatedData {
    table: "conditions",
    row_id: [1; 16],
    row_version: 7,
    column: "diagnosis",
    patient: Some([2; 16]),
    policy: "role:doctor",
    key_generation: 3,
    schema_version: 1,
};

fn key() -> Key {
    Key::from_bytes([5; 32])
}

fn sealed(plaintext: &[u8], seed: u64) -> Vec<u8> {
    seal(&key(), LABEL, &HOME, plaintext, &mut StdRng::seed_from_u64(seed))
}

proptest! {
    #[test]
    fn an_envelope_opens_to_what_was_sealed(plaintext: Vec<u8>, seed: u64) {
        let opened = open(&key(), LABEL, &HOME, &sealed(&plaintext, seed));
        prop_assert_eq!(opened.unwrap().to_vec(), plaintext);
    }

    #[test]
    fn any_byte_string_that_was_not_sealed_is_refused(noise in prop::collection::vec(any::<u8>(), 0..700)) {
        let envelope = [&[1], &noise[..]].concat();
        prop_assert_eq!(open(&key(), LABEL, &HOME, &envelope).unwrap_err(), OpenError);
    }
}

#[test]
fn any_flipped_bit_is_refused() {
    let good = sealed(b"I25.1", 1);
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&key(), LABEL, &HOME, &bad).is_err(), "bit {bit}");
    }
}

#[test]
fn any_cut_or_addition_is_refused() {
    let good = sealed(b"I25.1", 1);
    for end in 0..good.len() {
        assert!(open(&key(), LABEL, &HOME, &good[..end]).is_err(), "{end} bytes of {}", good.len());
    }
    assert!(open(&key(), LABEL, &HOME, &[&good[..], &[0]].concat()).is_err());
}

#[test]
fn an_envelope_moved_to_any_other_place_is_refused() {
    let elsewhere = [
        ("table", AssociatedData { table: "notes", ..HOME }),
        ("row", AssociatedData { row_id: [9; 16], ..HOME }),
        ("version", AssociatedData { row_version: 8, ..HOME }),
        ("column", AssociatedData { column: "cause", ..HOME }),
        ("patient", AssociatedData { patient: Some([9; 16]), ..HOME }),
        ("no patient", AssociatedData { patient: None, ..HOME }),
        ("policy", AssociatedData { policy: "role:doctor OR role:admin", ..HOME }),
        ("generation", AssociatedData { key_generation: 4, ..HOME }),
        ("schema", AssociatedData { schema_version: 2, ..HOME }),
        ("boundary", AssociatedData { policy: "", column: "diagnosisrole:doctor", ..HOME }),
    ];
    let envelope = sealed(b"I25.1", 1);
    assert!(open(&key(), LABEL, &HOME, &envelope).is_ok());
    for (what, place) in elsewhere {
        assert!(open(&key(), LABEL, &place, &envelope).is_err(), "{what}");
    }
}

#[test]
fn an_envelope_is_refused_under_another_key_or_label() {
    let envelope = sealed(b"I25.1", 1);
    assert!(open(&Key::from_bytes([6; 32]), LABEL, &HOME, &envelope).is_err());
    assert!(open(&key(), "medicrypt/ledger/v1", &HOME, &envelope).is_err());
}

#[test]
fn two_envelopes_of_one_plaintext_share_nothing() {
    let (one, two) = (sealed(b"I25.1", 1), sealed(b"I25.1", 2));
    assert_eq!(one[0], two[0]);
    for (a, b) in one[1..].chunks(16).zip(two[1..].chunks(16)) {
        assert_ne!(a, b);
    }
}

#[test]
fn the_length_tells_only_the_bucket() {
    let length = |plaintext: usize| sealed(&vec![b'x'; plaintext], 1).len();
    assert_eq!(length(0), 1 + 32 + 16 + 272 + 32);
    assert_eq!(length(255), length(0));
    assert_eq!(length(256), length(0) + 256);
    assert_eq!(length(511), length(256));
}

#[test]
fn plaintexts_that_look_like_padding_survive() {
    for plaintext in [&[0x80][..], &[0; 300], &[0x80, 0, 0], &[16; 256], &[0x80; 255]] {
        assert_eq!(open(&key(), LABEL, &HOME, &sealed(plaintext, 1)).unwrap()[..], *plaintext);
    }
}

#[test]
fn an_authentic_envelope_with_a_malformed_bucket_is_refused() {
    let (salt, iv) = ([2; 32], [3; 16]);
    let opens = |filled: &[u8]| {
        let sealed = a256cbc_hs512::seal(&data_key(&key(), &salt, LABEL), &iv, &HOME.text(&salt), filled);
        open(&key(), LABEL, &HOME, &[&[1][..], &salt, &iv, &sealed].concat()).is_ok()
    };
    let filled = |length| [b"I25.1\x80", &[0; 256][..]].concat()[..length].to_vec();
    assert!(opens(&filled(256)));
    assert!(!opens(&filled(255)));
    assert!(!opens(&filled(257)));
    assert!(!opens(&[]));
    assert!(!opens(&[0; 256]));
    assert!(!opens(&[0x81; 256]));
}

/// Made by `examples/export_envelope.rs` and checked by `tests/independent/envelope.py`: what is in the field
/// must open.
#[test]
fn envelopes_and_keys_of_the_first_format_stay_as_they_are() {
    let golden: Value = serde_json::from_str(include_str!("vectors/envelope_v1.json")).unwrap();
    for case in golden["envelopes"].as_array().unwrap() {
        let place = &case["place"];
        let patient = place["patient"].as_str().map(hex);
        let aad = AssociatedData {
            table: text(&place["table"]),
            row_id: array(&place["row_id"]),
            row_version: place["row_version"].as_i64().unwrap(),
            column: text(&place["column"]),
            patient: patient.map(|id| id.try_into().unwrap()),
            policy: text(&place["policy"]),
            key_generation: place["key_generation"].as_i64().unwrap(),
            schema_version: place["schema_version"].as_u64().unwrap().try_into().unwrap(),
        };
        let key = Key::from_bytes(array(&case["key"]));
        let opened = open(&key, text(&case["label"]), &aad, &hex(text(&case["envelope"])));
        assert_eq!(opened.unwrap()[..], *text(&case["plaintext"]).as_bytes());
    }

    let derived = &golden["derived"];
    let key = Key::from_bytes(array(&derived["key"]));
    let sub_key = key.derive(text(&derived["label"]), &hex(text(&derived["context"])));
    assert_eq!(*sub_key.expose(), array(&derived["sub_key"]));
    assert!(verify(&sub_key, text(&derived["message"]).as_bytes(), &array::<32>(&derived["mac"])));
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    hex(text(value)).try_into().unwrap()
}

fn hex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

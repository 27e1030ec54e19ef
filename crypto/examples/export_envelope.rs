//! Prints, as JSON, envelopes and keys with all their inputs, for `tests/independent/envelope.py` to make
//! again with other implementations:
//!
//! `cargo run -p medicrypt-crypto --example export_envelope | python3 tests/independent/envelope.py`

use medicrypt_crypto::{
    envelope::{AssociatedData, seal},
    kdf::kek,
    key::Key,
    mac::mac,
};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

fn main() {
    // A fixed seed: these keys protect nothing, and two runs can be compared.
    let mut rng = StdRng::seed_from_u64(20_260_101);
    let long = "Chest pain on exertion; ".repeat(40);
    let envelopes: Vec<Value> = ["", "I25.1", &"é".repeat(128), "हृदय रोग", &long]
        .into_iter()
        .enumerate()
        .map(|(i, plaintext)| envelope(i, plaintext, &mut rng))
        .collect();
    println!(
        "{:#}",
        json!({ "envelopes": envelopes, "kek": key_encryption_key(), "derived": derived(&mut rng) })
    );
}

fn envelope(i: usize, plaintext: &str, rng: &mut StdRng) -> Value {
    let key = Key::random(rng);
    let aad = AssociatedData {
        table: "conditions",
        row_id: [0xa0; 16],
        row_version: 3,
        column: "diagnosis",
        patient: i.is_multiple_of(2).then_some([0xb0; 16]),
        policy: "role:doctor OR user_id:गोपाल",
        key_generation: -1,
        schema_version: 1,
    };
    let label = "medicrypt/record/v1";
    let envelope = seal(&key, label, &aad, plaintext.as_bytes(), rng);
    let salt = std::array::from_fn(|i| envelope[1 + i]);
    json!({
        "key": hex(key.expose()),
        "label": label,
        "place": {
            "table": aad.table,
            "row_id": hex(&aad.row_id),
            "row_version": aad.row_version,
            "column": aad.column,
            "patient": aad.patient.map(|id| hex(&id)),
            "policy": aad.policy,
            "key_generation": aad.key_generation,
            "schema_version": aad.schema_version,
        },
        "associated_data": hex(&aad.text(&salt)),
        "plaintext": plaintext,
        "envelope": hex(&envelope),
    })
}

fn key_encryption_key() -> Value {
    let (master, salt, rounds) = ("a passphrase of the hospital", [0xc0; 32], 600_000);
    let kek = kek(master.as_bytes(), &salt, rounds);
    json!({ "master": master, "salt": hex(&salt), "rounds": rounds, "kek": hex(kek.expose()) })
}

fn derived(rng: &mut StdRng) -> Value {
    let key = Key::random(rng);
    let sub_key = key.derive("medicrypt/search/v1", b"diagnosis");
    json!({
        "key": hex(key.expose()),
        "label": "medicrypt/search/v1",
        "context": hex(b"diagnosis"),
        "sub_key": hex(sub_key.expose()),
        "message": "i25.1",
        "mac": hex(&mac(&sub_key, b"i25.1")),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

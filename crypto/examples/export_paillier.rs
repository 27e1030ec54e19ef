//! Prints a fresh key, its ciphertexts and what they hold as JSON, for `tests/independent/paillier.py` to check with another
//! implementation. The key is thrown away; never feed this a real one. All big numbers are hexadecimal.

use medicrypt_crypto::paillier::{Ciphertext, Encryptor, KeySize, SecretKey, Slots, Sum};
use num_bigint::BigUint;
use serde_json::{Value, json};

#[expect(clippy::disallowed_methods, reason = "an origin of randomness, for a throw-away key")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = rand::rng();
    let secret = SecretKey::generate(KeySize::Bits3072, &mut rng);
    let (public, encryptor) = (secret.public(), Encryptor::new(secret.public()));
    let n = BigUint::from_bytes_be(&public.modulus());

    let values = [(17, 3), (-250, 0), (0, 19), (-1, 9)];
    let mut exported = Vec::new();
    let (mut sum, mut total) = (Sum::new(public), Slots::default());
    for (x, bin) in values {
        let slots = Slots::of(x, bin)?;
        let ciphertext = encryptor.encrypt(&slots.pack()?, &mut rng)?;
        sum.add(&ciphertext)?;
        total.count += slots.count;
        total.sum += slots.sum;
        total.squares += slots.squares;
        total.bins.iter_mut().zip(slots.bins).for_each(|(total, bin)| *total += bin);
        exported.push(entry("one value", &ciphertext, &slots, &n));
    }
    exported.push(entry("the sum of all", &sum.total(), &total, &n));

    let noise = Slots { count: -9, sum: -1_000_000, squares: 12_345, bins: [-2; 20] };
    let disturbed = public.add_plain(&public.zero(), &noise.pack()?)?;
    exported.push(entry("negative noise", &disturbed, &noise, &n));

    let parts = secret.to_bytes();
    let (p, q, h_s) = (&parts[8..200], &parts[208..400], &parts[408..]);
    let hex = |bytes: &[u8]| format!("{:x}", BigUint::from_bytes_be(bytes));
    let all =
        json!({ "n": format!("{n:x}"), "p": hex(p), "q": hex(q), "h_s": hex(h_s), "ciphertexts": exported });
    println!("{all:#}");
    Ok(())
}

fn entry(name: &str, ciphertext: &Ciphertext, slots: &Slots, n: &BigUint) -> Value {
    let bytes = ciphertext.to_bytes();
    let (low, high) = bytes.split_at(bytes.len() / 2);
    let integer = BigUint::from_bytes_be(low) + BigUint::from_bytes_be(high) * n;
    json!({
        "name": name,
        "ciphertext": format!("{integer:x}"),
        "slots": { "count": slots.count, "sum": slots.sum, "squares": slots.squares, "bins": slots.bins },
    })
}

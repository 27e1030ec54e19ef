//! Keys from other secrets: PBKDF2 for what a person or a file holds, HKDF for what is already random.

use crate::key::Key;
use hkdf::Hkdf;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

/// The key-encryption key of one master secret: PBKDF2-HMAC-SHA256 (RFC 8018) with 32 bytes of output.
///
/// Slow on purpose: call it once per master version at start. What `rounds` may be is the caller's `Strength`
/// to say (600 000 in production).
#[must_use]
pub fn kek(master: &[u8], salt: &[u8; 32], rounds: u32) -> Key {
    let mut bytes = Zeroizing::new([0; 32]);
    pbkdf2_hmac_sha256(master, salt, rounds, &mut *bytes);
    Key::from_bytes(*bytes)
}

/// The 64-byte key of one envelope: HKDF-SHA512 with the owner's key as input, the envelope's own random
/// salt, and the label as `info`. The first half authenticates, the second encrypts (RFC 7518 section
/// 5.2.2.1).
#[must_use]
pub fn data_key(patient_key: &Key, salt: &[u8; 32], label: &str) -> Zeroizing<[u8; 64]> {
    let mut key = Zeroizing::new([0; 64]);
    hkdf_sha512(patient_key.expose(), salt, label.as_bytes(), &mut key);
    key
}

/// HKDF-SHA512 (RFC 5869), extract and expand. An empty salt stands for 64 zero bytes, as the RFC says. More
/// output than the RFC's 255 blocks does not compile.
pub fn hkdf_sha512<const N: usize>(ikm: &[u8], salt: &[u8], info: &[u8], out: &mut [u8; N]) {
    const { assert!(N <= 255 * 64, "HKDF-SHA512 gives at most 255 blocks of 64 bytes") };
    if Hkdf::<Sha512>::new(Some(salt), ikm).expand(info, out).is_err() {
        unreachable!("the length was checked by the compiler");
    }
}

/// PBKDF2-HMAC-SHA256 (RFC 8018) with any salt and any length of output. Zero rounds count as one.
pub fn pbkdf2_hmac_sha256(password: &[u8], salt: &[u8], rounds: u32, out: &mut [u8]) {
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_keys_differ_by_owner_salt_and_label() {
        let key = |owner, salt, label| data_key(&Key::from_bytes([owner; 32]), &[salt; 32], label);
        let one = key(1, 1, "note");
        assert_eq!(one, key(1, 1, "note"));
        assert_ne!(one, key(2, 1, "note"));
        assert_ne!(one, key(1, 2, "note"));
        assert_ne!(one, key(1, 1, "drug"));
        assert_ne!(one[..32], one[32..]);
    }
}

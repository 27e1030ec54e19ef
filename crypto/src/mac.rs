//! HMAC-SHA256 (RFC 2104), SHA-256, and comparison in constant time.
//!
//! What is authenticated is composed by [`Encoder`](crate::encoding::Encoder), so that no two meanings share
//! a text.

use crate::key::Key;
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A full-length HMAC-SHA256 tag.
pub type Mac = [u8; 32];

/// The tag of `message` under `key`.
#[must_use]
pub fn mac(key: &Key, message: &[u8]) -> Mac {
    // HMAC fills a short key up to its block with zeros; filling it here leaves no length to go wrong.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key.expose());
    Hmac::<Sha256>::new((&*block).into()).chain_update(message).finalize().into_bytes().into()
}

/// Whether `tag` is the whole tag of `message` under `key`. Takes the same time wherever they differ.
#[must_use]
pub fn verify(key: &Key, message: &[u8], tag: &[u8]) -> bool {
    equal(&mac(key, message), tag)
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
#[must_use]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The SHA-256 hash of `message`.
#[must_use]
pub fn sha256(message: &[u8]) -> [u8; 32] {
    Sha256::digest(message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_or_extended_tag_is_refused() {
        let key = Key::from_bytes([3; 32]);
        let tag = mac(&key, b"message");
        assert!(verify(&key, b"message", &tag));
        assert!(!verify(&key, b"message", &tag[..31]));
        assert!(!verify(&key, b"message", &[&tag[..], &[0]].concat()));
        assert!(!verify(&key, b"message", b""));
    }

    #[test]
    fn sha256_of_abc_is_the_value_of_fips_180_4() {
        assert_eq!(sha256(b"abc")[..8], [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea]);
    }
}

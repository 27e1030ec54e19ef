//! One 32-byte secret: a patient key, a system key, a key-encryption key.
//!
//! A `Key` can't be printed, compared with `==`, serialised or cloned by accident, and is wiped when dropped.

use crate::{encoding::Encoder, kdf::hkdf_sha512};
use rand::CryptoRng;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A 256-bit symmetric secret, wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl Key {
    /// A fresh key. `rng` must be the operating system's generator or one seeded from it.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut key = Self([0; 32]);
        rng.fill_bytes(&mut key.0);
        key
    }

    /// Takes over 32 secret bytes. Arrays are copied when moved: wiping the caller's own is the caller's
    /// part.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw secret, to be fed to a primitive or wrapped under another key, never to be stored or shown.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// A second copy of the secret, for a holder that outlives this one.
    #[must_use]
    pub const fn duplicate(&self) -> Self {
        Self(self.0)
    }

    /// A sub-key for one purpose: HKDF-SHA512 (RFC 5869) with this key as input, an empty salt, and as `info`
    /// the [`Encoder`] text of `label` followed by `context`. Keys of different labels or contexts tell
    /// nothing about each other.
    #[must_use]
    pub fn derive(&self, label: &str, context: &[u8]) -> Self {
        let info = Encoder::new(label).bytes(context).finish();
        let mut key = Self([0; 32]);
        hkdf_sha512(&self.0, &[], &info, &mut key.0);
        key
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn a_key_never_prints_its_bytes() {
        assert_eq!(format!("{:?}", Key::from_bytes([7; 32])), "Key(redacted)");
    }

    #[test]
    fn random_keys_differ() {
        let mut rng = StdRng::seed_from_u64(1);
        assert_ne!(Key::random(&mut rng).expose(), Key::random(&mut rng).expose());
    }

    #[test]
    fn sub_keys_depend_on_key_label_and_context() {
        let derive = |byte, label, context| *Key::from_bytes([byte; 32]).derive(label, context).expose();
        let one = derive(1, "search", b"name");
        assert_eq!(one, derive(1, "search", b"name"));
        assert_ne!(one, derive(2, "search", b"name"));
        assert_ne!(one, derive(1, "ledger", b"name"));
        assert_ne!(one, derive(1, "search", b"cause"));
        assert_ne!(derive(1, "ab", b"c"), derive(1, "a", b"bc"));
    }
}

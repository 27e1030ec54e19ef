//! Public keys in the form of Damgård, Jurik and Nielsen.
//!
//! n = p·q with p = q = 3 mod 4 and gcd(p − 1, q − 1) = 2; h = −x² mod n for a random x; `h_s` = hⁿ mod n². A random
//! power of `h_s` then masks a plaintext, where Paillier takes the n-th power of a random number.

use std::sync::Arc;

use num_bigint::BigUint;
use num_integer::Integer as _;
use num_traits::One as _;
use sha2::{Digest as _, Sha256};

use super::{arithmetic::Ring, ciphertext::is_invertible, limbs};

/// The length of n. Statistics need 2048 bits or more to hold a packed plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySize {
    /// Factored in an afternoon; for tests only.
    Testing512,
    /// Within reach of an institution; for tests only.
    Testing1024,
    /// About 112 bits of security.
    Bits2048,
    /// About 128 bits of security; the default of the product.
    Bits3072,
}

impl KeySize {
    /// The length of n in bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Testing512 => 512,
            Self::Testing1024 => 1024,
            Self::Bits2048 => 2048,
            Self::Bits3072 => 3072,
        }
    }

    /// Whether `serve` may use a key of this size.
    #[must_use]
    pub const fn is_for_production(self) -> bool {
        matches!(self, Self::Bits2048 | Self::Bits3072)
    }

    pub(super) const fn bytes(self) -> usize {
        self.bits() as usize / 8
    }

    pub(super) fn of_bytes(bytes: usize) -> Option<Self> {
        [Self::Testing512, Self::Testing1024, Self::Bits2048, Self::Bits3072]
            .into_iter()
            .find(|size| size.bytes() == bytes)
    }
}

/// Why a key is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyRefused {
    /// Not length-prefixed parts, or a part too many.
    #[error("the key is not in the expected format")]
    Format,
    /// n is not of a [`KeySize`].
    #[error("the modulus must be odd and have exactly 512, 1024 (tests only), 2048 or 3072 bits")]
    Size,
    /// `h_s` is not an invertible residue modulo n², or it is 1, which would mask nothing.
    #[error("the randomizer base does not belong to the modulus")]
    RandomizerBase,
    /// p and q do not make a key of this scheme, or not with this `h_s`.
    #[error("the factors do not make a key with this randomizer base")]
    Factors,
}

/// n and `h_s`. Cloning is cheap.
#[derive(Clone)]
pub struct PublicKey(Arc<Public>);

struct Public {
    size: KeySize,
    ring: Ring,
    randomizer_base: Vec<u64>,
    bytes: Vec<u8>,
    fingerprint: [u8; 32],
}

impl PublicKey {
    /// A key of n (big-endian, exactly |n|/8 bytes) and `h_s` (big-endian, at most 2|n|/8 bytes).
    ///
    /// That `h_s` is an n-th residue cannot be seen without the factors: take public keys from a trusted place only.
    ///
    /// # Errors
    /// Parts that cannot be such a key.
    pub fn from_parts(n: &[u8], h_s: &[u8]) -> Result<Self, KeyRefused> {
        let size = KeySize::of_bytes(n.len()).ok_or(KeyRefused::Size)?;
        let modulus = BigUint::from_bytes_be(n);
        if modulus.bits() != u64::from(size.bits()) || modulus.is_even() {
            return Err(KeyRefused::Size);
        }
        let base = BigUint::from_bytes_be(h_s);
        let ring = Ring::new(&modulus);
        let randomizer_base = ring.split(&base);
        let in_range = base < &modulus * &modulus && !base.is_one();
        if !in_range || !is_invertible(&randomizer_base, &ring) {
            return Err(KeyRefused::RandomizerBase);
        }
        let mut bytes = Vec::new();
        put(&mut bytes, n);
        put(&mut bytes, &fixed(&base, 2 * size.bytes()));
        let fingerprint = Sha256::digest(&bytes).into();
        Ok(Self(Arc::new(Public { size, ring, randomizer_base, bytes, fingerprint })))
    }

    /// The key of [`to_bytes`](Self::to_bytes).
    ///
    /// # Errors
    /// Another format, or parts that cannot be such a key.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, KeyRefused> {
        let [n, h_s] = take_parts(&mut bytes).ok_or(KeyRefused::Format)?;
        Self::from_parts(n, h_s)
    }

    /// n in |n|/8 bytes, then `h_s` in 2|n|/8 bytes; both big-endian, each after its length in 8 bytes big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.bytes.clone()
    }

    /// SHA-256 of [`to_bytes`](Self::to_bytes).
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.0.fingerprint
    }

    /// The size of n.
    #[must_use]
    pub fn size(&self) -> KeySize {
        self.0.size
    }

    /// The length of n in bits.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.0.size.bits()
    }

    /// n, big-endian.
    #[must_use]
    pub fn modulus(&self) -> Vec<u8> {
        limbs::to_bytes(self.ring().modulus())
    }

    pub(super) fn ring(&self) -> &Ring {
        &self.0.ring
    }

    /// `h_s`.
    pub(super) fn randomizer_base(&self) -> &[u64] {
        &self.0.randomizer_base
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({} bits)", self.bits())
    }
}

/// Big-endian, padded to `length` bytes.
pub(super) fn fixed(integer: &BigUint, length: usize) -> Vec<u8> {
    limbs::to_bytes(&limbs::from_integer(integer, length / 8))
}

/// Appends the part after its length in 8 bytes.
pub(super) fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend((part.len() as u64).to_be_bytes());
    bytes.extend(part);
}

/// Exactly N length-prefixed parts and nothing after them.
pub(super) fn take_parts<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<[&'a [u8]; N]> {
    let mut parts = [&[][..]; N];
    for part in &mut parts {
        let (length, rest) = bytes.split_first_chunk()?;
        (*part, *bytes) = rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
    }
    bytes.is_empty().then_some(parts)
}

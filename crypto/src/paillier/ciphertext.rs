//! Ciphertexts and what can be done with them without the secret key: parse, add, subtract.

use crypto_bigint::{BoxedUint, Odd};
use zeroize::Zeroizing;

use super::{Plaintext, PlaintextRefused, PublicKey, arithmetic::Ring, limbs};

/// Why a ciphertext, or an operation on one, is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CiphertextRefused {
    /// Not twice the bytes of n.
    #[error("a ciphertext of this key has {expected} bytes, not {found}")]
    Length {
        /// 2|n|/8.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// Not below n².
    #[error("the ciphertext is not below the square of the modulus")]
    OutOfRange,
    /// Shares a factor with n, as 0 and n do: no encryption yields it, and it would decrypt to nonsense.
    #[error("the ciphertext has no inverse")]
    NotInvertible,
    /// Made under another public key.
    #[error("the ciphertext belongs to another key")]
    OtherKey,
    /// The plaintext to be added, or found, is too wide.
    #[error(transparent)]
    Plaintext(#[from] PlaintextRefused),
}

/// An element of (Z/n²)*, bound to its public key in memory (the bytes do not name it: keep them under a tag that does).
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext {
    key: [u8; 32],
    /// (c mod n, c div n).
    residue: Vec<u64>,
}

impl Ciphertext {
    /// The ciphertext of [`to_bytes`](Self::to_bytes).
    ///
    /// # Errors
    /// Any bytes that no encryption under `key` yields: c outside (0, n²), or not coprime to n.
    pub fn parse(bytes: &[u8], key: &PublicKey) -> Result<Self, CiphertextRefused> {
        let ciphertext = Self::in_range(bytes, key)?;
        if is_invertible(&ciphertext.residue, key.ring()) {
            Ok(ciphertext)
        } else {
            Err(CiphertextRefused::NotInvertible)
        }
    }

    /// [`parse`](Self::parse) for many, with one test of invertibility for all of them: a product is coprime to n only if
    /// every factor is. For whole columns; one bad ciphertext refuses the lot.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), for the first or for an unnamed one of them.
    pub fn parse_all<'a>(
        all: impl IntoIterator<Item = &'a [u8]>,
        key: &PublicKey,
    ) -> Result<Vec<Self>, CiphertextRefused> {
        let mut product = key.ring().one().to_vec();
        let mut ciphertexts = Vec::new();
        for bytes in all {
            let ciphertext = Self::in_range(bytes, key)?;
            key.ring().multiply(&mut product, &ciphertext.residue);
            ciphertexts.push(ciphertext);
        }
        if is_invertible(&product, key.ring()) {
            Ok(ciphertexts)
        } else {
            Err(CiphertextRefused::NotInvertible)
        }
    }

    /// (c mod n, c div n), each big-endian in |n|/8 bytes. One ciphertext has one form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (low, high) = self.residue.split_at(self.residue.len() / 2);
        [limbs::to_bytes(low), limbs::to_bytes(high)].concat()
    }

    pub(super) fn of(residue: Vec<u64>, key: &PublicKey) -> Self {
        Self { key: key.fingerprint(), residue }
    }

    pub(super) fn limbs(&self) -> &[u64] {
        &self.residue
    }

    pub(super) fn of_key(&self, key: &PublicKey) -> Result<&[u64], CiphertextRefused> {
        if self.key == key.fingerprint() { Ok(&self.residue) } else { Err(CiphertextRefused::OtherKey) }
    }

    fn in_range(bytes: &[u8], key: &PublicKey) -> Result<Self, CiphertextRefused> {
        let half = 8 * key.ring().half();
        if bytes.len() != 2 * half {
            return Err(CiphertextRefused::Length { expected: 2 * half, found: bytes.len() });
        }
        let (low, high) = bytes.split_at(half);
        let (low, high) = (limbs::from_bytes(low), limbs::from_bytes(high));
        let below_n = |limbs: &[u64]| limbs::less_than(limbs, key.ring().modulus()) == 1;
        if !below_n(&low) || !below_n(&high) {
            return Err(CiphertextRefused::OutOfRange);
        }
        Ok(Self::of([low, high].concat(), key))
    }
}

impl std::fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ciphertext({} bytes)", 8 * self.residue.len())
    }
}

impl PublicKey {
    /// The neutral ciphertext, 1: an unmasked encryption of 0, where sums start. Not a way to hide a zero.
    #[must_use]
    pub fn zero(&self) -> Ciphertext {
        let mut residue = vec![0; 2 * self.ring().half()];
        residue.splice(..1, [1]);
        Ciphertext::of(residue, self)
    }

    /// A ciphertext of the sum of both plaintexts. For many, use [`super::Sum`]: half the work each.
    ///
    /// # Errors
    /// A ciphertext of another key.
    pub fn add(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext, CiphertextRefused> {
        Ok(self.product(a.of_key(self)?, b.of_key(self)?))
    }

    /// A ciphertext of a's plaintext less b's.
    ///
    /// # Errors
    /// A ciphertext of another key.
    pub fn subtract(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext, CiphertextRefused> {
        self.add(a, &self.negate(b)?)
    }

    /// A ciphertext of minus the plaintext: c⁻¹ mod n².
    ///
    /// # Errors
    /// A ciphertext of another key.
    pub fn negate(&self, ciphertext: &Ciphertext) -> Result<Ciphertext, CiphertextRefused> {
        let residue = ciphertext.of_key(self)?;
        let ring = self.ring();
        // With u = c⁻¹ mod n: c·u = 1 + k·n, so c⁻¹ = u·(1 − k·n) mod n².
        let mut inverse = inverse_mod_n(residue, ring).ok_or(CiphertextRefused::NotInvertible)?;
        inverse.resize(residue.len(), 0);
        let mut correction = self.product(residue, &inverse).residue;
        let k = correction.split_off(ring.half());
        let mut minus_k = ring.modulus().to_vec();
        limbs::subtract_masked(&mut minus_k, &k, u64::MAX);
        if k.iter().all(|&limb| limb == 0) {
            minus_k.fill(0);
        }
        correction.extend(minus_k);
        Ok(self.product(&inverse, &correction))
    }

    /// A ciphertext of the ciphertext's plaintext plus a known one, by the unmasked factor 1 + m·n: whoever saw both
    /// ciphertexts could tell `plaintext`.
    ///
    /// # Errors
    /// A ciphertext of another key, or a plaintext too wide for this one.
    pub fn add_plain(
        &self,
        ciphertext: &Ciphertext,
        plaintext: &Plaintext,
    ) -> Result<Ciphertext, CiphertextRefused> {
        let factor = self.unmasked(plaintext)?;
        Ok(self.product(ciphertext.of_key(self)?, &factor))
    }

    /// The residue 1 + m·n, which in base n is (1, m).
    pub(super) fn unmasked(&self, plaintext: &Plaintext) -> Result<Zeroizing<Vec<u64>>, PlaintextRefused> {
        let m = plaintext.to_residue(self.ring().modulus())?;
        let mut residue = Zeroizing::new(self.zero().residue);
        let (_, high) = residue.split_at_mut(m.len());
        high.copy_from_slice(&m);
        Ok(residue)
    }

    fn product(&self, a: &[u64], b: &[u64]) -> Ciphertext {
        let mut residue = a.to_vec();
        self.ring().to_montgomery(&mut residue);
        self.ring().multiply(&mut residue, b);
        Ciphertext::of(residue, self)
    }
}

/// Whether a public residue is coprime to n.
pub(super) fn is_invertible(residue: &[u64], ring: &Ring) -> bool {
    inverse_mod_n(residue, ring).is_some()
}

/// The inverse modulo n of a public residue.
fn inverse_mod_n(residue: &[u64], ring: &Ring) -> Option<Vec<u64>> {
    let low = BoxedUint::from_words(residue.iter().copied().take(ring.half()));
    let n: Option<Odd<BoxedUint>> = BoxedUint::from_words(ring.modulus().iter().copied()).into_odd().into();
    let inverse: Option<BoxedUint> = low.invert_odd_mod_vartime(&n?).into();
    inverse.map(|inverse| inverse.as_words().to_vec())
}

//! A plaintext: a signed integer, held in constant-time two's complement and wiped on drop.

use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::limbs;

/// Limbs of a [`Plaintext`]: 1 600 bits of slots, 100 bits of mask above them, and a sign.
pub(super) const LIMBS: usize = 28;

/// Why a plaintext is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlaintextRefused {
    /// Wider than the key or than [`Plaintext`] holds.
    #[error(
        "the plaintext does not fit: it must be shorter than the modulus by two bits, and than 1792 bits"
    )]
    TooWide,
}

/// A signed integer in [-2^1791, 2^1791), little-endian two's complement. A key of |n| bits takes those below 2^(|n|-2) in
/// magnitude and reads residues above n/2 as negative.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Plaintext([u64; LIMBS]);

impl Plaintext {
    /// The integer of little-endian two's complement limbs.
    #[must_use]
    pub fn from_limbs(limbs: [u64; LIMBS]) -> Self {
        Self(limbs)
    }

    /// Little-endian two's complement limbs.
    #[must_use]
    pub fn limbs(&self) -> &[u64; LIMBS] {
        &self.0
    }

    pub(super) fn limbs_mut(&mut self) -> &mut [u64; LIMBS] {
        &mut self.0
    }

    /// The residue modulo n, in the limbs of n.
    pub(super) fn to_residue(&self, n: &[u64]) -> Result<Zeroizing<Vec<u64>>, PlaintextRefused> {
        let sign = self.sign();
        let mut residue = Zeroizing::new(self.0.to_vec());
        if n.len() > LIMBS {
            let mut wide = Zeroizing::new(vec![sign; n.len()]);
            wide[..LIMBS].copy_from_slice(&self.0);
            residue = wide;
        } else {
            let lost = residue.iter().skip(n.len()).fold(0, |lost, limb| lost | (limb ^ sign));
            // The two top bits must repeat the sign: then the magnitude is below n/2, as n has its top bit set.
            let top = residue.get(n.len() - 1).map_or(0, |limb| (limb ^ sign) >> 62);
            if lost | top != 0 {
                return Err(PlaintextRefused::TooWide);
            }
            residue.truncate(n.len());
        }
        limbs::add_masked(&mut residue, n, sign);
        Ok(residue)
    }

    /// The signed integer of a residue in [0, n).
    pub(super) fn from_residue(residue: &[u64], n: &[u64]) -> Result<Self, PlaintextRefused> {
        let half: Vec<u64> =
            n.iter().zip(n.iter().skip(1).chain([&0])).map(|(low, high)| low >> 1 | high << 63).collect();
        let sign = limbs::mask(limbs::less_than(&half, residue).ct_eq(&1));
        let mut signed = Zeroizing::new(residue.to_vec());
        limbs::subtract_masked(&mut signed, n, sign);
        let mut plaintext = Self([sign; LIMBS]);
        plaintext.0.iter_mut().zip(signed.iter()).for_each(|(to, from)| *to = *from);
        let lost = signed.iter().skip(LIMBS).fold(0, |lost, limb| lost | (limb ^ sign));
        if lost | (plaintext.sign() ^ sign) != 0 {
            return Err(PlaintextRefused::TooWide);
        }
        Ok(plaintext)
    }

    /// All ones if negative, else zero.
    fn sign(&self) -> u64 {
        (self.0[LIMBS - 1] >> 63).wrapping_neg()
    }
}

impl From<i64> for Plaintext {
    fn from(value: i64) -> Self {
        let sign = (value.cast_unsigned() >> 63).wrapping_neg();
        let mut limbs = [sign; LIMBS];
        limbs[0] = value.cast_unsigned();
        Self(limbs)
    }
}

impl std::fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plaintext(..)")
    }
}

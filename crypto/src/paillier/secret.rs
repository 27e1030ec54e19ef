//! Secret keys: made, kept, and checked when they come back.

use num_bigint::BigUint;
use num_integer::Integer as _;
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{
    Ciphertext, KeyRefused, KeySize, PublicKey,
    decrypt::Decryption,
    key::{fixed, put, take_parts},
    limbs,
    prime::{random_below, random_blum_prime},
};

/// p and q, and what decryption precomputes from them. No Debug, no Clone; the factors are wiped on drop.
pub struct SecretKey {
    pub(super) public: PublicKey,
    pub(super) decryption: Decryption,
}

impl SecretKey {
    /// A new key. Seconds at most, even at 3072 bits.
    pub fn generate(size: KeySize, rng: &mut impl CryptoRng) -> Self {
        loop {
            let p = random_blum_prime(size.bits() / 2, rng);
            let q = random_blum_prime(size.bits() / 2, rng);
            // About every fourth time the gcd is larger, and the pair is thrown away.
            if !well_formed(&p, &q, size) {
                continue;
            }
            let n = &p * &q;
            let root = random_below(&n, rng);
            let minus_square = (&n - 1_u8) * &root * &root % &n;
            let h_s = minus_square.modpow(&n, &(&n * &n));
            if let Ok(key) = Self::from_factors(&p, &q, &h_s, size) {
                return key;
            }
        }
    }

    /// The key of [`to_bytes`](Self::to_bytes). Checks that the parts belong together: p and q have the scheme's form, and
    /// `h_s` decrypts to 0, which fails for factors that are not prime as well.
    ///
    /// # Errors
    /// Another format, or parts that do not make a key.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, KeyRefused> {
        let [p, q, h_s] = take_parts(&mut bytes).ok_or(KeyRefused::Format)?;
        let size = KeySize::of_bytes(p.len() + q.len()).ok_or(KeyRefused::Size)?;
        let [p, q, h_s] = [p, q, h_s].map(BigUint::from_bytes_be);
        Self::from_factors(&p, &q, &h_s, size)
    }

    /// p and q in |n|/16 bytes each, then `h_s` in 2|n|/8 bytes; big-endian, each after its length in 8 bytes big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(3 * (8 + 2 * self.public.size().bytes())));
        for factor in self.decryption.factors() {
            put(&mut bytes, &Zeroizing::new(limbs::to_bytes(factor)));
        }
        let h_s = self.public.ring().join(self.public.randomizer_base());
        put(&mut bytes, &fixed(&h_s, 2 * self.public.size().bytes()));
        bytes
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    fn from_factors(p: &BigUint, q: &BigUint, h_s: &BigUint, size: KeySize) -> Result<Self, KeyRefused> {
        if !well_formed(p, q, size) {
            return Err(KeyRefused::Factors);
        }
        let public = PublicKey::from_parts(&fixed(&(p * q), size.bytes()), &h_s.to_bytes_be())?;
        let decryption = Decryption::new(p, q).ok_or(KeyRefused::Factors)?;
        let base = Ciphertext::of(public.randomizer_base().to_vec(), &public);
        if !decryption.residue(base.limbs()).is_some_and(|plain| plain.iter().all(|&limb| limb == 0)) {
            return Err(KeyRefused::Factors);
        }
        Ok(Self { public, decryption })
    }
}

/// p = q = 3 mod 4, each half as long as n, gcd(p − 1, q − 1) = 2; and far apart, or n falls to Fermat's method
/// (FIPS 186-5, A.1.3).
fn well_formed(p: &BigUint, q: &BigUint, size: KeySize) -> bool {
    let half = u64::from(size.bits() / 2);
    let blum = |factor: &BigUint| factor.bits() == half && factor.bit(0) && factor.bit(1);
    let far_apart = (p.max(q) - p.min(q)).bits() + 100 > half;
    blum(p) && blum(q) && far_apart && (p - 1_u8).gcd(&(q - 1_u8)) == BigUint::from(2_u8)
}

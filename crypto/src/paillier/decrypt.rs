//! Decryption by the Chinese remainder theorem (Paillier 1999, section 7), on crypto-bigint's constant-time arithmetic:
//! on purpose not the arithmetic that encrypts, so that each checks the other.
//!
//! With c = (1 + m·n)·ρⁿ: c^(p−1) = 1 + (p − 1)·m·n (mod p²), so m = L(c^(p−1) mod p²) · (−q)⁻¹ (mod p) for
//! L(u) = (u − 1)/p, and the same with p and q exchanged.
//!
//! Time depends on the key size only. The factors, exponents and results are wiped; p² and q² inside crypto-bigint's shared
//! Montgomery parameters are not (the crate offers no way to), nor are its temporaries.

use crypto_bigint::{
    BoxedUint, ConcatenatingMul as _, NonZero, Odd, Resize as _,
    modular::{BoxedMontyForm, BoxedMontyParams},
};
use num_bigint::BigUint;
use zeroize::{Zeroize as _, Zeroizing};

use super::{Ciphertext, CiphertextRefused, Plaintext, SecretKey};

impl SecretKey {
    /// The plaintext of `ciphertext`.
    ///
    /// # Errors
    /// A ciphertext of another key, or a plaintext wider than [`Plaintext`] holds.
    pub fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Plaintext, CiphertextRefused> {
        let residue = ciphertext.of_key(&self.public)?;
        let plain = self.decryption.residue(residue).ok_or(CiphertextRefused::OutOfRange)?;
        Ok(Plaintext::from_residue(&plain, self.public.ring().modulus())?)
    }
}

/// What decryption needs, precomputed.
pub(super) struct Decryption {
    n: NonZero<BoxedUint>,
    p: Half,
    q: Half,
    /// q⁻¹ mod p.
    q_inverse: Zeroizing<BoxedUint>,
}

/// One prime's side.
struct Half {
    prime: NonZero<BoxedUint>,
    minus_one: Zeroizing<BoxedUint>,
    square: BoxedMontyParams,
    /// −(the other prime)⁻¹ modulo this one.
    scale: Zeroizing<BoxedUint>,
}

impl Decryption {
    /// For odd p and q of the same bit length, a multiple of 64. None if they are not coprime.
    pub(super) fn new(p: &BigUint, q: &BigUint) -> Option<Self> {
        let [p, q] = [p, q].map(|prime| Zeroizing::new(BoxedUint::from_words(prime.to_u64_digits())));
        let (for_p, q_inverse) = Half::new(&p, &q)?;
        let (for_q, _) = Half::new(&q, &p)?;
        let n = non_zero(p.concatenating_mul(&*q))?;
        Some(Self { n, p: for_p, q: for_q, q_inverse })
    }

    /// p and q, little-endian.
    pub(super) fn factors(&self) -> [&[u64]; 2] {
        [&self.p.prime, &self.q.prime].map(|prime| prime.as_ref().as_words())
    }

    /// The plaintext in [0, n) of a residue modulo n² in base n. None where the sizes differ.
    pub(super) fn residue(&self, residue: &[u64]) -> Option<Zeroizing<Vec<u64>>> {
        let (low, high) = residue.split_at_checked(self.n.as_ref().nlimbs())?;
        let integer =
            BoxedUint::from_words(high.iter().copied()).concatenating_mul(self.n.as_ref()).wrapping_add(
                BoxedUint::from_words(low.iter().copied()).resize(2 * self.n.as_ref().bits_precision()),
            );
        let mod_p = self.p.plaintext(&integer);
        let mod_q = self.q.plaintext(&integer);

        // m = m_q + q·((m_p − m_q)·q⁻¹ mod p)
        let reduced = Zeroizing::new(mod_q.rem(&self.p.prime));
        let difference = Zeroizing::new(mod_p.sub_mod(&reduced, &self.p.prime));
        let quotient = Zeroizing::new(difference.mul_mod(&self.q_inverse, &self.p.prime));
        let mut plain = Zeroizing::new(quotient.concatenating_mul(self.q.prime.as_ref()));
        plain.wrapping_add_assign(&*mod_q);
        Some(Zeroizing::new(plain.as_words().to_vec()))
    }
}

impl Half {
    /// The side of `prime`, and other⁻¹ mod prime.
    fn new(prime: &BoxedUint, other: &BoxedUint) -> Option<(Self, Zeroizing<BoxedUint>)> {
        let odd = Option::<Odd<BoxedUint>>::from(prime.to_odd())?;
        let nonzero = non_zero(prime.clone())?;
        let inverse: Option<BoxedUint> = other.rem(&nonzero).invert_odd_mod(&odd).into();
        let inverse = Zeroizing::new(inverse?);
        let square = Option::<Odd<BoxedUint>>::from(prime.concatenating_mul(prime).to_odd())?;
        let half = Self {
            minus_one: Zeroizing::new(prime.wrapping_sub(BoxedUint::one())),
            square: BoxedMontyParams::new(square),
            scale: Zeroizing::new(prime.wrapping_sub(&*inverse)),
            prime: nonzero,
        };
        Some((half, inverse))
    }

    /// The plaintext modulo this prime.
    fn plaintext(&self, ciphertext: &BoxedUint) -> Zeroizing<BoxedUint> {
        let reduced = ciphertext.rem(self.square.modulus().as_nz_ref());
        let mut power = BoxedMontyForm::new(reduced, &self.square)
            .pow_bounded_exp(&self.minus_one, self.minus_one.bits_precision());
        let one_more = Zeroizing::new(power.retrieve());
        power.zeroize();
        // u = 1 + L·p with 1 < p, so the quotient of u by p is L.
        let (quotient, _) = one_more.div_rem(&self.prime);
        let quotient = Zeroizing::new(quotient);
        Zeroizing::new(quotient.mul_mod(&self.scale, &self.prime))
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        self.prime.zeroize();
    }
}

fn non_zero(integer: BoxedUint) -> Option<NonZero<BoxedUint>> {
    integer.into_nz().into()
}

//! Multiplication modulo n², in base n: the one place to replace when a faster kernel (say, AVX-512 IFMA) is wanted.
//!
//! A residue is x = x0 + x1·n with 0 <= x0, x1 < n, stored as `h` little-endian 64-bit limbs of x0, then `h` of x1.
//! Multiplication is Montgomery's with R = 2^(64h): it yields x·y·R⁻¹ mod n². One reduction modulo n gives
//! x0·y0 = r·R − m·n with the quotient m, hence
//!
//! ```text
//! x·y·R⁻¹ = r + n · REDC(x0·y1 + x1·y0 − m)    (mod n²)
//! ```
//!
//! in 5h² word products, where plain Montgomery on 2h limbs takes 8h².
//!
//! Nothing here branches on, or indexes by, the value of a residue; `h` and n are public. So the same code serves public
//! ciphertexts and the secret randomizers. Scratch space is wiped.
#![expect(clippy::inline_always, reason = "`h` must arrive as a literal in the inner loops")]

use num_bigint::BigUint;
use num_integer::Integer as _;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::limbs;

/// Limbs of n at 3072 bits, the largest [`super::KeySize`].
const MOST_LIMBS: usize = 48;

/// The integers modulo n².
pub(super) struct Ring {
    /// n: odd, with its top bit set (so that 2n >= R, on which [`multiply`] rests).
    modulus: Vec<u64>,
    /// −n⁻¹ mod 2^64.
    negated_inverse: u64,
    /// R mod n²: the Montgomery form of 1.
    one: Vec<u64>,
    /// R² mod n²: multiplying by it brings a residue into Montgomery form.
    squared: Vec<u64>,
}

impl Ring {
    /// The ring of an odd n whose bit length is a multiple of 128 and at most 3072.
    pub(super) fn new(n: &BigUint) -> Self {
        let modulus = n.to_u64_digits();
        let radix = BigUint::from(1_u8) << (64 * modulus.len());
        let lowest = modulus.first().copied().unwrap_or(1);
        // Newton: an odd number is its own inverse modulo 8, and every step doubles the three bits.
        let inverse = (0..5).fold(lowest, |inverse, _| {
            inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse)))
        });
        Self {
            one: split(&radix, n, modulus.len()),
            squared: split(&(&radix * &radix), n, modulus.len()),
            negated_inverse: inverse.wrapping_neg(),
            modulus,
        }
    }

    /// n.
    pub(super) fn modulus(&self) -> &[u64] {
        &self.modulus
    }

    /// `h`, the limbs of n; a residue has twice as many.
    pub(super) fn half(&self) -> usize {
        self.modulus.len()
    }

    /// The Montgomery form of 1.
    pub(super) fn one(&self) -> &[u64] {
        &self.one
    }

    /// `residue` becomes residue · factor · R⁻¹.
    pub(super) fn multiply(&self, residue: &mut [u64], factor: &[u64]) {
        // The literals let the compiler specialise for the sizes used in production.
        match self.half() {
            48 => multiply(self, 48, residue, factor),
            32 => multiply(self, 32, residue, factor),
            h => multiply(self, h, residue, factor),
        }
    }

    /// `residue` becomes residue · R.
    pub(super) fn to_montgomery(&self, residue: &mut [u64]) {
        self.multiply(residue, &self.squared);
    }

    /// R^(exponent + 1) for a public exponent: one multiplication by it makes good `exponent` factors R⁻¹.
    pub(super) fn repair(&self, exponent: u64) -> Vec<u64> {
        let mut power = self.one.clone();
        for bit in (0..u64::BITS - exponent.leading_zeros()).rev() {
            let square = power.clone();
            self.multiply(&mut power, &square);
            if exponent >> bit & 1 == 1 {
                self.to_montgomery(&mut power);
            }
        }
        power
    }

    /// The residue of a public integer.
    pub(super) fn split(&self, integer: &BigUint) -> Vec<u64> {
        split(integer, &limbs::to_integer(&self.modulus), self.half())
    }

    /// The integer of a public residue.
    pub(super) fn join(&self, residue: &[u64]) -> BigUint {
        let (low, high) = residue.split_at(self.half());
        limbs::to_integer(low) + limbs::to_integer(high) * limbs::to_integer(&self.modulus)
    }
}

/// (integer mod n², in base n).
fn split(integer: &BigUint, n: &BigUint, half: usize) -> Vec<u64> {
    let (high, low) = (integer % (n * n)).div_rem(n);
    [limbs::from_integer(&low, half), limbs::from_integer(&high, half)].concat()
}

/// What one multiplication leaves behind; with a secret factor it is as secret.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Scratch {
    product: [u64; 2 * MOST_LIMBS + 1],
    quotient: [u64; MOST_LIMBS],
    low: [u64; MOST_LIMBS],
}

/// The module's formula. `h` is `ring.half()`, given apart so that it can be a literal.
#[inline(always)]
#[expect(clippy::many_single_char_names, reason = "the formula's own")]
fn multiply(ring: &Ring, h: usize, x: &mut [u64], y: &[u64]) {
    let n = &ring.modulus[..h];
    let (x0, x1) = x.split_at_mut(h);
    let (y0, y1) = y.split_at(h);
    let mut scratch =
        Scratch { product: [0; 2 * MOST_LIMBS + 1], quotient: [0; MOST_LIMBS], low: [0; MOST_LIMBS] };
    let t = &mut scratch.product[..=2 * h];
    let m = &mut scratch.quotient[..h];

    // x0·y0 < n², so the reduced value is below 2n. Taking n off it takes n·R off r·R: `taken`·R is owed to the high half.
    add_product(t, x0, y0);
    reduce(t, n, ring.negated_inverse, m);
    let taken = subtract_once(&mut t[h..], n);
    scratch.low[..h].copy_from_slice(&t[h..2 * h]);

    // t = 2n − m + taken·R. As R <= 2n < 2R and m < R, the limb of weight R is 1 − borrow + taken.
    t.fill(0);
    let (mut carried, mut borrow) = (0, 0);
    for ((t, &n), &m) in t.iter_mut().zip(n).zip(m.iter()) {
        (*t, borrow) = limbs::subtract(n << 1 | carried, m, borrow);
        carried = n >> 63;
    }
    t[h] = 1 - borrow + taken;

    // t <= 2(n−1)² + 2n + R, so the reduced value is below 3n.
    add_product(t, x0, y1);
    add_product(t, x1, y0);
    reduce(t, n, ring.negated_inverse, m);
    subtract_once(&mut t[h..], n);
    subtract_once(&mut t[h..], n);
    x0.copy_from_slice(&scratch.low[..h]);
    x1.copy_from_slice(&t[h..2 * h]);
}

/// t += a·b, for t of one limb more than a and b together.
#[inline(always)]
fn add_product(t: &mut [u64], a: &[u64], b: &[u64]) {
    let h = a.len();
    let mut carried = 0;
    for (i, pair) in b.chunks_exact(2).enumerate() {
        carried = add_scaled(&mut t[2 * i..][..h + 2], a, [pair[0], pair[1]], carried);
    }
    t[2 * h] += carried;
}

/// Montgomery's reduction: t becomes t + m·n, a multiple of R, for the quotient digits m. The value is in t[h..].
#[inline(always)]
fn reduce(t: &mut [u64], n: &[u64], negated_inverse: u64, m: &mut [u64]) {
    let h = n.len();
    let mut carried = 0;
    for (i, pair) in m.chunks_exact_mut(2).enumerate() {
        let t = &mut t[2 * i..][..h + 2];
        pair[0] = t[0].wrapping_mul(negated_inverse);
        // The second digit clears what the first leaves in the second limb.
        let (_, carry) = limbs::multiply_add(t[0], n[0], pair[0], 0);
        let (second, _) = limbs::multiply_add(t[1], n[1], pair[0], carry);
        pair[1] = second.wrapping_mul(negated_inverse);
        carried = add_scaled(t, n, [pair[0], pair[1]], carried);
    }
    t[2 * h] += carried;
}

/// t += a·digits + carried·2^(64h), for t of two limbs more than a; the answer is the carry. Two digits at a time, as that
/// halves the traffic with t. There is an even number of them: every key size is a multiple of 128 bits.
#[inline(always)]
fn add_scaled(t: &mut [u64], a: &[u64], digits: [u64; 2], carried: u64) -> u64 {
    let h = a.len();
    let (mut low_carry, mut high_carry, mut previous) = (0, 0, 0);
    for (t, &a) in t.iter_mut().zip(a) {
        (*t, low_carry) = limbs::multiply_add(*t, a, digits[0], low_carry);
        (*t, high_carry) = limbs::multiply_add(*t, previous, digits[1], high_carry);
        previous = a;
    }
    (t[h], high_carry) = limbs::multiply_add(t[h], previous, digits[1], high_carry);
    (t[h], low_carry) = limbs::add(t[h], low_carry, carried);
    (t[h + 1], low_carry) = limbs::add(t[h + 1], high_carry, low_carry);
    low_carry
}

/// Takes n off a value of one limb more than n if it is not below n; the answer is 1 if it was taken.
#[inline(always)]
fn subtract_once(value: &mut [u64], n: &[u64]) -> u64 {
    let (low, top) = value.split_at_mut(n.len());
    let taken = !(top[0].ct_eq(&0) & limbs::less_than(low, n).ct_eq(&1));
    top[0] -= limbs::subtract_masked(low, n, limbs::mask(taken));
    u64::from(taken.unwrap_u8())
}

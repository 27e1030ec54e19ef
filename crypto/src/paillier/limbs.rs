//! Little-endian 64-bit limbs: carries, comparison and conversions. No branch depends on a limb's value.

use num_bigint::BigUint;
use subtle::Choice;

/// a + b + carry, and the carry (0 or 1).
#[inline]
pub(super) fn add(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let sum = u128::from(a) + u128::from(b) + u128::from(carry);
    split(sum)
}

/// a − b − borrow, and the borrow (0 or 1).
#[inline]
pub(super) fn subtract(a: u64, b: u64, borrow: u64) -> (u64, u64) {
    let (difference, first) = a.overflowing_sub(b);
    let (difference, second) = difference.overflowing_sub(borrow);
    (difference, u64::from(first | second))
}

/// addend + a·b + carry: never overflows the pair (low, high).
#[inline]
pub(super) fn multiply_add(addend: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    split(u128::from(a) * u128::from(b) + u128::from(addend) + u128::from(carry))
}

/// 1 if a < b, else 0; both have the same length.
pub(super) fn less_than(a: &[u64], b: &[u64]) -> u64 {
    a.iter().zip(b).fold(0, |borrow, (&a, &b)| subtract(a, b, borrow).1)
}

/// a −= b & mask; both have the same length; the answer is the borrow.
pub(super) fn subtract_masked(a: &mut [u64], b: &[u64], mask: u64) -> u64 {
    let mut borrow = 0;
    for (a, &b) in a.iter_mut().zip(b) {
        (*a, borrow) = subtract(*a, b & mask, borrow);
    }
    borrow
}

/// a += b & mask; both have the same length, the last carry is dropped.
pub(super) fn add_masked(a: &mut [u64], b: &[u64], mask: u64) {
    let mut carry = 0;
    for (a, &b) in a.iter_mut().zip(b) {
        (*a, carry) = add(*a, b & mask, carry);
    }
}

/// All ones for true, zero for false.
#[inline]
pub(super) fn mask(choice: Choice) -> u64 {
    u64::from(choice.unwrap_u8()).wrapping_neg()
}

/// Limbs of big-endian bytes; their number is a multiple of eight.
pub(super) fn from_bytes(bytes: &[u8]) -> Vec<u64> {
    let word = |eight: &[u8]| eight.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
    bytes.rchunks(8).map(word).collect()
}

/// Big-endian bytes of limbs.
pub(super) fn to_bytes(limbs: &[u64]) -> Vec<u8> {
    limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect()
}

/// Limbs of an integer that fits in `length` of them.
pub(super) fn from_integer(integer: &BigUint, length: usize) -> Vec<u64> {
    let mut limbs = integer.to_u64_digits();
    limbs.resize(length, 0);
    limbs
}

/// The integer of public limbs.
pub(super) fn to_integer(limbs: &[u64]) -> BigUint {
    BigUint::from_bytes_be(&to_bytes(limbs))
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
pub(super) fn split(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

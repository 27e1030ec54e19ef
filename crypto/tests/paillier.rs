//! Paillier against the laws it must keep, and against num-bigint as an oracle.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests: no secret here is worth keeping")]

use std::{convert::Infallible, sync::LazyLock};

use medicrypt_crypto::paillier::{
    Ciphertext, CiphertextRefused, Encryptor, KeyRefused, KeySize, Plaintext, PlaintextRefused, PublicKey,
    SecretKey, Sum,
};
use num_bigint::BigUint;
use proptest::prelude::*;
use rand::{SeedableRng as _, TryCryptoRng, TryRng, rngs::StdRng};

/// A key and its encryptor, made once per size.
struct Party {
    secret: SecretKey,
    encryptor: Encryptor,
}

impl Party {
    fn new(size: KeySize) -> Self {
        let secret = SecretKey::generate(size, &mut StdRng::seed_from_u64(u64::from(size.bits())));
        Self { encryptor: Encryptor::new(secret.public()), secret }
    }

    fn public(&self) -> &PublicKey {
        self.secret.public()
    }

    fn encrypt(&self, value: i64) -> Ciphertext {
        self.encryptor.encrypt(&Plaintext::from(value), &mut rand::rng()).unwrap()
    }

    /// The low limb of the plaintext, which the sign fills up in these tests.
    fn decrypt(&self, ciphertext: &Ciphertext) -> i64 {
        let plaintext = self.secret.decrypt(ciphertext).unwrap();
        let value = plaintext.limbs()[0].cast_signed();
        assert_eq!(plaintext.limbs(), Plaintext::from(value).limbs());
        value
    }

    fn n(&self) -> BigUint {
        BigUint::from_bytes_be(&self.public().modulus())
    }

    /// c = (c mod n) + n·(c div n).
    fn integer(&self, ciphertext: &Ciphertext) -> BigUint {
        let bytes = ciphertext.to_bytes();
        let (low, high) = bytes.split_at(bytes.len() / 2);
        BigUint::from_bytes_be(low) + BigUint::from_bytes_be(high) * self.n()
    }

    fn parse(&self, integer: &BigUint) -> Result<Ciphertext, CiphertextRefused> {
        Ciphertext::parse(&self.bytes(integer), self.public())
    }

    fn bytes(&self, integer: &BigUint) -> Vec<u8> {
        let length = self.public().modulus().len();
        let part = |part: BigUint| {
            let bytes = part.to_bytes_be();
            [vec![0; length - bytes.len()], bytes].concat()
        };
        [part(integer % self.n()), part(integer / self.n())].concat()
    }
}

static SMALL: LazyLock<Party> = LazyLock::new(|| Party::new(KeySize::Testing512));
static OTHER: LazyLock<Party> = LazyLock::new(|| Party::new(KeySize::Testing1024));
static REAL: LazyLock<Party> = LazyLock::new(|| Party::new(KeySize::Bits2048));
static LARGE: LazyLock<Party> = LazyLock::new(|| Party::new(KeySize::Bits3072));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn decrypting_an_encryption_gives_the_plaintext(m in any::<i64>()) {
        prop_assert_eq!(SMALL.decrypt(&SMALL.encrypt(m)), m);
        prop_assert_eq!(OTHER.decrypt(&OTHER.encrypt(m)), m);
    }

    #[test]
    fn the_product_of_ciphertexts_is_the_sum_of_plaintexts(a in -1_i64 << 61..1 << 61, b in -1_i64 << 61..1 << 61) {
        let (party, plain) = (&*SMALL, Plaintext::from(b));
        let (one, other) = (party.encrypt(a), party.encrypt(b));
        prop_assert_eq!(party.decrypt(&party.public().add(&one, &other).unwrap()), a + b);
        prop_assert_eq!(party.decrypt(&party.public().subtract(&one, &other).unwrap()), a - b);
        prop_assert_eq!(party.decrypt(&party.public().add_plain(&one, &plain).unwrap()), a + b);
        prop_assert_eq!(party.decrypt(&party.public().negate(&one).unwrap()), -a);
    }

    #[test]
    fn any_residue_multiplies_as_the_oracle_says(a in any::<[u8; 128]>(), b in any::<[u8; 128]>()) {
        let square = SMALL.n().pow(2);
        let [a, b] = [a, b].map(|bytes| BigUint::from_bytes_be(&bytes) % &square);
        if let (Ok(one), Ok(other)) = (SMALL.parse(&a), SMALL.parse(&b)) {
            let product = SMALL.public().add(&one, &other).unwrap();
            prop_assert_eq!(SMALL.integer(&product), a * b % square);
        }
    }

    #[test]
    fn a_ciphertexts_bytes_are_its_only_form(m in any::<i64>()) {
        let ciphertext = SMALL.encrypt(m);
        let bytes = ciphertext.to_bytes();
        prop_assert_eq!(bytes.len(), 128);
        let parsed = Ciphertext::parse(&bytes, SMALL.public()).unwrap();
        prop_assert_eq!(parsed.to_bytes(), bytes);
        prop_assert!(parsed == ciphertext);
    }
}

#[test]
fn residues_at_the_edges_multiply_as_the_oracle_says() {
    for party in [&*SMALL, &*OTHER, &*REAL, &*LARGE] {
        let (n, square) = (party.n(), party.n().pow(2));
        let one = BigUint::from(1_u8);
        let edges = [
            one.clone(),
            &n - &one,
            &n + &one,
            &n * 2_u8 + &one,
            &n * 2_u8 - &one,
            &square - &one,
            &square - &n + &one,
            &square - &n - &one,
            &square - &n * 2_u8 - &one,
            &n * (&n >> 1) + &one,
        ];
        for a in &edges {
            for b in &edges {
                let product = party.public().add(&party.parse(a).unwrap(), &party.parse(b).unwrap()).unwrap();
                assert_eq!(party.integer(&product), a * b % &square);
            }
            let inverse = party.public().negate(&party.parse(a).unwrap()).unwrap();
            assert_eq!(party.integer(&inverse) * a % &square, one);
        }
    }
}

#[test]
fn ten_thousand_additions_stay_with_the_oracle() {
    for party in [&*SMALL, &*LARGE] {
        let square = party.n().pow(2);
        let terms: Vec<_> = (0..16).map(|i| party.encrypt(i * i - 40)).collect();
        let integers: Vec<_> = terms.iter().map(|term| party.integer(term)).collect();
        let (mut sum, mut chained) = (Sum::new(party.public()), party.public().zero());
        let (mut oracle, mut plain) = (BigUint::from(1_u8), 0);
        // The generator walks the terms in an order that repeats late.
        for i in (0..10_000_usize).map(|i| i * i % 251 % 16) {
            sum.add(&terms[i]).unwrap();
            chained = party.public().add(&chained, &terms[i]).unwrap();
            oracle = oracle * &integers[i] % &square;
            plain += i64::try_from(i * i).unwrap() - 40;
        }
        assert_eq!(party.integer(&sum.total()), oracle);
        assert_eq!(party.integer(&chained), oracle);
        assert_eq!(party.decrypt(&chained), plain);
    }
}

#[test]
fn merged_sums_are_one_sum_and_an_empty_one_is_zero() {
    let party = &*SMALL;
    let (mut left, mut right) = (Sum::new(party.public()), Sum::new(party.public()));
    assert!(left.total() == party.public().zero());
    for (sum, values) in [(&mut left, &[5, -7, 11][..]), (&mut right, &[-100, 1])] {
        values.iter().try_for_each(|m| sum.add(&party.encrypt(*m))).unwrap();
    }
    left.merge(&right).unwrap();
    left.merge(&Sum::new(party.public())).unwrap();
    assert_eq!(party.decrypt(&left.total()), -90);
}

#[test]
fn two_encryptions_of_one_plaintext_differ() {
    assert!(SMALL.encrypt(1) != SMALL.encrypt(1));
}

#[test]
fn the_mask_is_an_nth_residue_and_not_one() {
    let (party, bytes) = (&*SMALL, SMALL.secret.to_bytes());
    let (p, q) = (BigUint::from_bytes_be(&bytes[8..40]), BigUint::from_bytes_be(&bytes[48..80]));
    let order = (&p - 1_u8) * (&q - 1_u8);
    assert_eq!(&p * &q, party.n());
    let zero = party.integer(&party.encrypt(0));
    assert_ne!(zero, BigUint::from(1_u8));
    assert_eq!(zero.modpow(&order, &party.n().pow(2)), BigUint::from(1_u8));
}

#[test]
fn the_mask_is_the_randomizer_base_to_the_power_of_every_random_bit() {
    for party in [&*SMALL, &*OTHER, &*REAL, &*LARGE] {
        let length = party.public().bits() as usize / 16;
        let h_s = BigUint::from_bytes_be(&party.public().to_bytes()[16 + 2 * length..]);
        let expected = |r: &[u8]| h_s.modpow(&BigUint::from_bytes_be(r), &party.n().pow(2));
        let zero = Plaintext::from(0);

        for seed in 0..4 {
            let mut r = vec![0; length];
            StdRng::seed_from_u64(seed).fill_bytes(&mut r);
            let ciphertext = party.encryptor.encrypt(&zero, &mut StdRng::seed_from_u64(seed)).unwrap();
            assert_eq!(party.integer(&ciphertext), expected(&r));
        }
        for byte in [0, 1, 0xff] {
            let ciphertext = party.encryptor.encrypt(&zero, &mut Constant(byte)).unwrap();
            assert_eq!(party.integer(&ciphertext), expected(&vec![byte; length]));
        }
    }
}

/// Anything but random: the same byte for ever.
struct Constant(u8);

impl TryRng for Constant {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_ne_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_ne_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Constant {}

#[test]
fn zero_n_and_n_squared_are_refused_as_are_multiples_of_a_factor() {
    let party = &*SMALL;
    let n = party.n();
    let p = BigUint::from_bytes_be(&party.secret.to_bytes()[8..40]);
    for bad in [BigUint::ZERO, n.clone(), &n * 5_u8, p.clone(), &p * 3_u8, n.pow(2) - &p] {
        assert_eq!(party.parse(&bad), Err(CiphertextRefused::NotInvertible));
        let (good, bad) = (party.encrypt(1).to_bytes(), party.bytes(&bad));
        let all = Ciphertext::parse_all([&good[..], &bad, &good], party.public());
        assert_eq!(all.unwrap_err(), CiphertextRefused::NotInvertible);
    }
    for bad in [n.pow(2), n.pow(2) + 1_u8, n.pow(2) + &n - 1_u8] {
        assert_eq!(party.parse(&bad), Err(CiphertextRefused::OutOfRange));
    }
    // n + 1 written as (n + 1, 0) instead of (1, 1).
    let mut unreduced = vec![0; 128];
    unreduced[..64].copy_from_slice(&(&n + 1_u8).to_bytes_be());
    assert_eq!(Ciphertext::parse(&unreduced, party.public()), Err(CiphertextRefused::OutOfRange));
    for length in [0, 127, 129] {
        let refused = Ciphertext::parse(&vec![1; length], party.public());
        assert_eq!(refused, Err(CiphertextRefused::Length { expected: 128, found: length }));
    }
}

#[test]
fn parsing_many_gives_what_parsing_each_gives() {
    let bytes: Vec<_> = (0..20).map(|m| SMALL.encrypt(m).to_bytes()).collect();
    let all = Ciphertext::parse_all(bytes.iter().map(Vec::as_slice), SMALL.public()).unwrap();
    assert!(
        all.iter()
            .zip(&bytes)
            .all(|(one, bytes)| Ciphertext::parse(bytes, SMALL.public()).as_ref() == Ok(one))
    );
}

#[test]
fn a_ciphertext_of_another_key_is_refused_everywhere() {
    let twin = SecretKey::generate(KeySize::Testing512, &mut rand::rng());
    let foreign = Encryptor::new(twin.public()).encrypt(&Plaintext::from(1), &mut rand::rng()).unwrap();
    let (party, refused) = (&*SMALL, CiphertextRefused::OtherKey);
    assert_eq!(party.public().add(&foreign, &party.encrypt(1)).unwrap_err(), refused);
    assert_eq!(party.public().subtract(&party.encrypt(1), &foreign).unwrap_err(), refused);
    assert_eq!(party.public().add_plain(&foreign, &Plaintext::from(1)).unwrap_err(), refused);
    assert_eq!(party.secret.decrypt(&foreign).unwrap_err(), refused);
    assert_eq!(Sum::new(party.public()).add(&foreign).unwrap_err(), refused);
    assert_eq!(Sum::new(party.public()).merge(&Sum::new(twin.public())).unwrap_err(), refused);
}

#[test]
fn a_plaintext_fits_up_to_two_bits_below_the_modulus() {
    let encrypt = |limb: u64, sign: u64| {
        let mut limbs = [sign; 28];
        limbs[7] = limb;
        let plaintext = Plaintext::from_limbs(limbs);
        let ciphertext = SMALL.encryptor.encrypt(&plaintext, &mut rand::rng())?;
        assert_eq!(SMALL.secret.decrypt(&ciphertext).unwrap().limbs(), plaintext.limbs());
        Ok(())
    };
    assert_eq!(encrypt((1 << 62) - 1, 0), Ok(()));
    assert_eq!(encrypt(u64::MAX << 62, u64::MAX), Ok(()));
    assert_eq!(encrypt(1 << 62, 0), Err(PlaintextRefused::TooWide));
    assert_eq!(encrypt(u64::MAX << 62 ^ 1 << 62, u64::MAX), Err(PlaintextRefused::TooWide));
}

#[test]
fn a_public_key_survives_its_bytes_and_its_fingerprint_names_both_parts() {
    let public = SMALL.public();
    let bytes = public.to_bytes();
    let again = PublicKey::from_bytes(&bytes).unwrap();
    assert_eq!((again.to_bytes(), again.fingerprint()), (bytes.clone(), public.fingerprint()));
    let (n, base) = (&bytes[8..72], &bytes[80..]);
    let square = BigUint::from_bytes_be(base).pow(2) % SMALL.n().pow(2);
    let other_base = PublicKey::from_parts(n, &square.to_bytes_be()).unwrap();
    assert_ne!(other_base.fingerprint(), public.fingerprint());
    for cut in [0, 7, 8, 71, bytes.len() - 1] {
        assert_eq!(PublicKey::from_bytes(&bytes[..cut]).unwrap_err(), KeyRefused::Format);
    }
    assert_eq!(PublicKey::from_bytes(&[&bytes[..], &[0]].concat()).unwrap_err(), KeyRefused::Format);
}

#[test]
fn a_modulus_or_base_out_of_shape_is_refused() {
    let (n, bytes) = (SMALL.public().modulus(), SMALL.public().to_bytes());
    let base = &bytes[80..];
    let even = (SMALL.n() - 1_u8).to_bytes_be();
    let short = (SMALL.n() >> 1_u8 | BigUint::from(1_u8)).to_bytes_be();
    for n in [&even[..], &short, &n[1..], &[]] {
        assert_eq!(PublicKey::from_parts(n, base).unwrap_err(), KeyRefused::Size);
    }
    for base in [BigUint::ZERO, BigUint::from(1_u8), SMALL.n(), SMALL.n().pow(2) + 2_u8] {
        assert_eq!(PublicKey::from_parts(&n, &base.to_bytes_be()).unwrap_err(), KeyRefused::RandomizerBase);
    }
}

#[test]
fn a_secret_key_survives_its_bytes_and_mismatched_parts_are_refused() {
    let bytes = SMALL.secret.to_bytes();
    let again = SecretKey::from_bytes(&bytes).unwrap();
    assert_eq!(again.public().fingerprint(), SMALL.public().fingerprint());
    assert_eq!(again.decrypt(&SMALL.encrypt(-5)).unwrap().limbs(), Plaintext::from(-5).limbs());

    let changed = |change: fn(&mut [u8])| {
        let mut bytes = SMALL.secret.to_bytes().to_vec();
        change(&mut bytes);
        SecretKey::from_bytes(&bytes).err()
    };
    // p + 4 is no longer prime; h_s + 1 no longer an n-th residue; p in place of q no key at all.
    assert_eq!(changed(|bytes| bytes[39] ^= 4), Some(KeyRefused::Factors));
    assert_eq!(changed(|bytes| *bytes.last_mut().unwrap() ^= 1), Some(KeyRefused::Factors));
    assert_eq!(changed(|bytes| bytes.copy_within(8..40, 48)), Some(KeyRefused::Factors));
    assert_eq!(changed(|bytes| bytes[0] = 1), Some(KeyRefused::Format));
}

#[test]
fn a_real_key_of_3072_bits_works() {
    let party = &*LARGE;
    assert_eq!((party.public().bits(), party.n().bits()), (3072, 3072));
    assert!(party.public().size().is_for_production() && !KeySize::Testing1024.is_for_production());
    let (a, b) = (party.encrypt(-123_456_789), party.encrypt(i64::MAX));
    assert_eq!(party.decrypt(&party.public().add(&a, &b).unwrap()), i64::MAX - 123_456_789);
    assert_eq!(party.decrypt(&party.public().negate(&b).unwrap()), -i64::MAX);
    let product = party.integer(&a) * party.integer(&b) % party.n().pow(2);
    assert_eq!(party.integer(&party.public().add(&a, &b).unwrap()), product);
}

//! Signing, verifying and the limits on keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::sync::LazyLock;

use medicrypt_crypto::signature::{KeyRefused, PrivateKey, PublicKey, SignatureInvalid};
use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};
use rsa::{
    BigUint, RsaPublicKey,
    pkcs8::{EncodePublicKey, LineEnding},
    traits::PublicKeyParts,
};

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| key(1));
static OTHER: LazyLock<PrivateKey> = LazyLock::new(|| key(2));

fn key(seed: u64) -> PrivateKey {
    PrivateKey::generate(2048, &mut StdRng::seed_from_u64(seed)).unwrap()
}

#[test]
fn a_signature_verifies_under_its_own_key_only() {
    let signature = KEY.sign(b"text").unwrap();
    assert_eq!(KEY.public().verify(b"text", &signature), Ok(()));
    assert_eq!(OTHER.public().verify(b"text", &signature), Err(SignatureInvalid));
    assert_eq!(KEY.public().verify(b"text.", &signature), Err(SignatureInvalid));
    assert_eq!(KEY.public().verify(b"text", b""), Err(SignatureInvalid));
}

#[test]
fn a_lengthened_or_wrapped_signature_is_refused() {
    let signature = KEY.sign(b"text").unwrap();
    assert!(KEY.public().verify(b"text", &[&[0], signature.as_slice()].concat()).is_err());
    assert!(KEY.public().verify(b"text", &[signature.as_slice(), &[0]].concat()).is_err());
    // The same number modulo n, written larger than n.
    let modulus = read(KEY.public()).n().clone();
    let wrapped = (BigUint::from_bytes_be(&signature) + modulus).to_bytes_be();
    assert!(KEY.public().verify(b"text", &wrapped).is_err());
}

#[test]
fn signing_twice_gives_the_same_signature() {
    assert_eq!(KEY.sign(b"text"), KEY.sign(b"text"));
}

#[test]
fn keys_survive_their_text_forms() {
    let read = PrivateKey::from_pem(&format!("\n  {}\r\n", KEY.to_pem().unwrap().as_str())).unwrap();
    assert_eq!(read.public(), KEY.public());
    let public = KEY.public();
    assert_eq!(&PublicKey::from_spki_pem(&format!(" {}\n\n", public.spki_pem())).unwrap(), public);
    assert_eq!(&PublicKey::from_spki_pem(&public.spki_pem().replace('\n', "\r\n")).unwrap(), public);
    assert_eq!(&PublicKey::from_spki_der(public.spki_der()).unwrap(), public);
}

#[test]
fn a_key_id_is_43_characters_and_names_one_key() {
    assert_eq!(KEY.public().key_id().len(), 43);
    assert_ne!(KEY.public().key_id(), OTHER.public().key_id());
    assert_eq!(PublicKey::from_spki_pem(KEY.public().spki_pem()).unwrap().key_id(), KEY.public().key_id());
}

#[test]
fn keys_out_of_the_limits_are_refused() {
    let modulus = read(KEY.public()).n().clone();
    let with = |n: BigUint, e: u64| {
        let pem = RsaPublicKey::new_unchecked(n, e.into()).to_public_key_pem(LineEnding::LF).unwrap();
        PublicKey::from_spki_pem(&pem).map(|key| key.bits())
    };
    assert_eq!(with(modulus.clone(), 65_537), Ok(2048));
    assert_eq!(with(modulus.clone(), (1 << 32) - 1), Ok(2048));
    assert_eq!(with(modulus.clone(), 3), Err(KeyRefused::Exponent));
    assert_eq!(with(modulus.clone(), 65_535), Err(KeyRefused::Exponent));
    assert_eq!(with(modulus.clone(), (1 << 32) + 1), Err(KeyRefused::Exponent));
    assert_eq!(with(modulus.clone(), 65_538), Err(KeyRefused::NotPublic));
    assert_eq!(with(modulus.clone() + 1u8, 65_537), Err(KeyRefused::NotPublic));
    assert_eq!(
        with(modulus.clone() >> 1usize | BigUint::from(1u8), 65_537),
        Err(KeyRefused::Size { bits: 2047 })
    );
    assert_eq!(with(modulus << 2049usize | BigUint::from(1u8), 65_537), Err(KeyRefused::NotPublic));
    let generated = |bits| PrivateKey::generate(bits, &mut StdRng::seed_from_u64(0)).err();
    assert_eq!(generated(1024), Some(KeyRefused::Size { bits: 1024 }));
    assert_eq!(generated(8192), Some(KeyRefused::Size { bits: 8192 }));
}

#[test]
fn what_is_no_public_key_is_refused() {
    let der = KEY.public().spki_der();
    for bad in [&[], &der[1..], &der[..der.len() - 1], &[der, &[0]].concat()] {
        assert_eq!(PublicKey::from_spki_der(bad), Err(KeyRefused::NotPublic));
    }
    assert_eq!(PublicKey::from_spki_pem(&KEY.to_pem().unwrap()), Err(KeyRefused::NotPublic));
    assert_eq!(PublicKey::from_spki_pem(""), Err(KeyRefused::NotPublic));
    assert_eq!(PrivateKey::from_pem(KEY.public().spki_pem()).err(), Some(KeyRefused::NotPrivate));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_flipped_bit_of_text_or_signature_is_refused(
        text in proptest::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), bit in 0..8u8,
    ) {
        let signature = KEY.sign(&text).unwrap();
        prop_assert!(KEY.public().verify(&text, &signature).is_ok());
        let flipped = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            bytes
        };
        prop_assert!(KEY.public().verify(&flipped(&text), &signature).is_err());
        prop_assert!(KEY.public().verify(&text, &flipped(&signature)).is_err());
    }
}

fn read(key: &PublicKey) -> RsaPublicKey {
    rsa::pkcs8::DecodePublicKey::from_public_key_der(key.spki_der()).unwrap()
}

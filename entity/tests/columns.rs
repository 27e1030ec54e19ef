#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
//! The columns' own types: sealed ones keep to themselves, enums keep their spelling.

use medicrypt_entity::{
    ChallengeStatus, CodeStatus, KeyStatus, PrescriptionStatus, RecordStatus, ReleaseStatus, Role, Sealed,
    SessionStatus, UserStatus, marker::Username,
};
use sea_orm::{ActiveEnum, Iterable, Value, sea_query::ValueType};

#[test]
fn a_sealed_column_shows_its_length_only() {
    let sealed = Sealed::<Username>::new(vec![0x41; 256]);
    assert_eq!(format!("{sealed:?}"), "Sealed(256 bytes)");
    assert_eq!(format!("{:?}", Some(sealed)), "Some(Sealed(256 bytes))");
}

#[test]
fn a_sealed_column_is_its_ciphertext_to_the_database() {
    let sealed = Sealed::<Username>::new(vec![1, 2, 3]);
    assert_eq!(sealed.ciphertext(), [1, 2, 3]);
    let value = Value::from(sealed.clone());
    assert_eq!(value, Value::Bytes(Some(vec![1, 2, 3])));
    assert_eq!(<Sealed<Username> as ValueType>::try_from(value).unwrap(), sealed);
    assert_eq!(Value::from(None::<Sealed<Username>>), Value::Bytes(None));
    assert_eq!(<Option<Sealed<Username>> as ValueType>::try_from(Value::Bytes(None)).unwrap(), None);
}

/// Rows hold these spellings, and row MACs are over them.
#[test]
fn enums_are_spelled_so_in_rows() {
    fn spelled<E: ActiveEnum<Value = String> + Iterable + PartialEq + std::fmt::Debug>(expected: &[&str]) {
        assert_eq!(E::iter().map(|variant| variant.to_value()).collect::<Vec<_>>(), expected);
        for variant in E::iter() {
            assert_eq!(E::try_from_value(&variant.to_value()).unwrap(), variant);
        }
    }
    spelled::<Role>(&["ADMIN", "DOCTOR", "PATIENT", "PHARMACIST"]);
    spelled::<UserStatus>(&["INVITED", "ACTIVE", "DISABLED"]);
    spelled::<KeyStatus>(&["ACTIVE", "REPLACED", "REVOKED"]);
    spelled::<SessionStatus>(&["OPEN", "CLOSED"]);
    spelled::<ChallengeStatus>(&["OPEN", "USED"]);
    spelled::<CodeStatus>(&["OPEN", "USED"]);
    spelled::<RecordStatus>(&["CURRENT", "AMENDED", "ENTERED_IN_ERROR"]);
    spelled::<PrescriptionStatus>(&[
        "DRAFT",
        "ISSUED",
        "PARTLY_DISPENSED",
        "DISPENSED",
        "CANCELLED",
        "HISTORICAL",
    ]);
    spelled::<ReleaseStatus>(&["PENDING", "DONE"]);
    assert!(Role::try_from_value(&"admin".to_owned()).is_err());
}

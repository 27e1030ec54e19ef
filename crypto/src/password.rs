//! Passwords: what we accept, and bcrypt over it.
//!
//! bcrypt reads at most 72 bytes. Nothing longer is ever hashed or matched, so nothing is ever truncated.
//! Hashing is slow on purpose: call it on a bounded pool, never on the async threads.

use rand::CryptoRng;
use secrecy::{ExposeSecret, SecretString};
use std::ops::RangeInclusive;

/// Accepted lengths in bytes of UTF-8; the upper end is bcrypt's own.
const LENGTH: RangeInclusive<usize> = 8..=72;

/// The most common passwords of public leaks that are long enough to be accepted otherwise, and the words a
/// hospital would think of first; one per line, lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// Why a password is refused. The password itself is in no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Fewer than 8 bytes.
    #[error("the password is too short: use at least 8 characters")]
    TooShort,
    /// More than 72 bytes, which bcrypt would ignore.
    #[error("the password is too long: use at most 72 bytes, counting a letter outside ASCII as two to four")]
    TooLong,
    /// Contains U+0000, which bcrypt takes for the end.
    #[error("the password contains a null character: leave it out")]
    HoldsNull,
    /// One of the passwords that are guessed first, whatever its case.
    #[error("the password is one of the most common ones: choose another")]
    Common,
}

/// Why no hash was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The password is not one we accept.
    #[error(transparent)]
    Refused(#[from] PasswordRefused),
    /// bcrypt's cost is the base-2 logarithm of its rounds.
    #[error("bcrypt has no cost `{0}`: use 4 to 31")]
    Cost(u32),
}

/// Whether a new password may be set: its length, and that it is not among the first to be guessed. There are
/// no rules on what it is composed of.
///
/// # Errors
/// [`PasswordRefused`] says which rule it breaks.
pub fn check_policy(password: &SecretString) -> Result<(), PasswordRefused> {
    let password = password.expose_secret();
    check_bytes(password)?;
    if password.len() < *LENGTH.start() {
        return Err(PasswordRefused::TooShort);
    }
    if COMMON.lines().any(|common| common.eq_ignore_ascii_case(password)) {
        return Err(PasswordRefused::Common);
    }
    Ok(())
}

/// The bcrypt hash (`$2b$`, 60 characters) of a password that passes [`check_policy`], with a fresh salt.
///
/// # Errors
/// [`HashError`] if the policy refuses the password or `cost` is not in 4 to 31.
pub fn hash(password: &SecretString, cost: u32, rng: &mut impl CryptoRng) -> Result<String, HashError> {
    check_policy(password)?;
    let mut salt = [0; 16];
    rng.fill_bytes(&mut salt);
    // Not the crate's `non_truncating_hash`: it counts bcrypt's closing null and so refuses 72 bytes, which
    // fit.
    let parts =
        bcrypt::hash_with_salt(password.expose_secret(), cost, salt).map_err(|_| HashError::Cost(cost))?;
    Ok(parts.to_string())
}

/// Whether `password` is the one that was hashed. A hash that can't be read matches nothing.
///
/// What could never have been set (too long, a null inside) takes as long to refuse as any wrong password.
#[must_use]
pub fn verify(password: &SecretString, hash: &str) -> bool {
    let password = password.expose_secret();
    let matches = bcrypt::verify(password, hash).unwrap_or(false);
    matches && check_bytes(password).is_ok()
}

/// Whether bcrypt sees every byte of it.
fn check_bytes(password: &str) -> Result<(), PasswordRefused> {
    if password.len() > *LENGTH.end() {
        return Err(PasswordRefused::TooLong);
    }
    if password.contains('\0') {
        return Err(PasswordRefused::HoldsNull);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    fn refusal(text: &str) -> Option<PasswordRefused> {
        check_policy(&secret(text)).err()
    }

    #[test]
    fn eight_to_seventy_two_bytes_are_accepted() {
        assert_eq!(refusal("7 bytes"), Some(PasswordRefused::TooShort));
        assert_eq!(refusal("8 bytes!"), None);
        assert_eq!(refusal(&"é".repeat(36)), None);
        assert_eq!(refusal(&("é".repeat(36) + "x")), Some(PasswordRefused::TooLong));
    }

    #[test]
    fn common_passwords_are_refused_in_any_case() {
        assert_eq!(refusal("Password123"), Some(PasswordRefused::Common));
        assert_eq!(refusal("QWERTYUIOP"), Some(PasswordRefused::Common));
    }

    #[test]
    fn every_entry_of_the_list_can_match() {
        assert!(COMMON.lines().count() >= 200);
        for common in COMMON.lines() {
            assert_eq!(refusal(common), Some(PasswordRefused::Common), "`{common}`");
        }
    }

    #[test]
    fn a_password_matches_its_own_hash_only() {
        let mut rng = StdRng::seed_from_u64(1);
        let stored = hash(&secret("Doctor@123"), 4, &mut rng).unwrap();
        assert!(stored.starts_with("$2b$04$"));
        assert!(verify(&secret("Doctor@123"), &stored));
        assert!(!verify(&secret("doctor@123"), &stored));
        assert_ne!(stored, hash(&secret("Doctor@123"), 4, &mut rng).unwrap());
    }

    #[test]
    fn the_seventy_second_byte_counts_and_a_seventy_third_is_refused() {
        let longest = "x".repeat(72);
        let stored = hash(&secret(&longest), 4, &mut StdRng::seed_from_u64(1)).unwrap();
        assert!(verify(&secret(&longest), &stored));
        assert!(!verify(&secret(&(longest[1..].to_owned() + "y")), &stored));
        assert!(!verify(&secret(&(longest + "x")), &stored));
    }

    #[test]
    fn a_null_can_neither_be_set_nor_stand_for_the_end() {
        assert_eq!(refusal("12345\0abc"), Some(PasswordRefused::HoldsNull));
        // bcrypt repeats password and null until its 72 bytes are full, so these two have one hash.
        let (short, repeated) = ("ab cd ef", "ab cd ef\0ab cd ef");
        let stored = hash(&secret(short), 4, &mut StdRng::seed_from_u64(1)).unwrap();
        assert!(bcrypt::verify(repeated, &stored).unwrap());
        assert!(!verify(&secret(repeated), &stored));
    }

    #[test]
    fn a_cost_bcrypt_does_not_have_is_named() {
        let refused = hash(&secret("Doctor@123"), 3, &mut StdRng::seed_from_u64(1)).unwrap_err();
        assert_eq!(refused, HashError::Cost(3));
        assert_eq!(refused.to_string(), "bcrypt has no cost `3`: use 4 to 31");
    }

    #[test]
    fn a_damaged_hash_matches_nothing() {
        assert!(!verify(&secret("Doctor@123"), ""));
        assert!(!verify(&secret("Doctor@123"), &"é".repeat(30)));
    }
}

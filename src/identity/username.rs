//! User names, normalised so that what looks the same is the same, and found without being stored readably.

use crypto::{canonical, mac::Mac};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::ZeroizeOnDrop;

use super::Identity;
use crate::keyring::SystemKey;

/// Accepted lengths of a user name in characters; the upper end is that of a mail address (RFC 3696, erratum 1690).
const LENGTH: std::ops::RangeInclusive<usize> = 3..=254;

/// A user name: NFKC, lower case, without white space, control or invisible characters. Wiped on drop.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Username(String);

/// Why a user name or a person's name was refused. The name itself is in no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameRefused {
    /// Not 3 to 254 characters.
    #[error("a user name has 3 to 254 characters")]
    UsernameLength,
    /// White space, or a character that is not seen or turns text round.
    #[error("a user name has no spaces and no invisible characters")]
    UsernameCharacter,
    /// Empty, too long, or with characters that are not seen.
    #[error("a name has 1 to 200 characters, none of them invisible")]
    PersonName,
    /// As for a person's name.
    #[error("an attribute has 1 to 200 characters, none of them invisible")]
    Attribute,
}

impl Username {
    /// Normalises what was typed.
    ///
    /// # Errors
    /// [`NameRefused`] says which rule it breaks.
    pub fn parse(typed: &str) -> Result<Self, NameRefused> {
        // Normalised once more after lowering: a lowered letter may come apart.
        let name = typed.trim().nfkc().collect::<String>().to_lowercase().nfkc().collect::<String>();
        if !LENGTH.contains(&name.chars().count()) {
            return Err(NameRefused::UsernameLength);
        }
        if name.contains(char::is_whitespace) || !is_readable(&name) {
            return Err(NameRefused::UsernameCharacter);
        }
        Ok(Self(name))
    }

    /// The normalised name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text in NFC holds nothing that a reader can't see: the rule of signed texts, in which names appear.
pub(super) fn is_readable(text: &str) -> bool {
    canonical::to_text(&serde_json::Value::from(text)).is_ok()
}

impl Identity {
    /// What an account is found by.
    pub(super) fn username_tag(&self, username: &Username) -> Mac {
        self.keyring.mac(SystemKey::Username, username.as_str().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_is_the_same_user_name() {
        let plain = Username::parse("omkar@doctor.kmc.edu").unwrap();
        for typed in [" Omkar@Doctor.KMC.edu\n", "ＯＭＫＡＲ@doctor.kmc.edu", "omkar@doctor.kmc.edu"] {
            assert!(Username::parse(typed).unwrap() == plain, "{typed}");
        }
    }

    #[test]
    fn short_long_spaced_and_invisible_user_names_are_refused() {
        let refused = |typed: &str| Username::parse(typed).err();
        assert_eq!(refused("ab"), Some(NameRefused::UsernameLength));
        assert_eq!(refused(&"x".repeat(255)), Some(NameRefused::UsernameLength));
        for bad in ["om kar", "om\u{200b}kar", "om\u{202e}kar", "om\0kar"] {
            assert_eq!(refused(bad), Some(NameRefused::UsernameCharacter));
        }
    }
}

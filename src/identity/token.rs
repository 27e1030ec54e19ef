//! Secrets that are shown once and found again by their HMAC: session tokens, challenges, enrolment codes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use crypto::{encoding::Encoder, mac::Mac};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::Identity;
use crate::keyring::SystemKey;

/// Marks a token of this server, so that scanners of leaked secrets can tell.
const PREFIX: &str = "mc1_";
/// Crockford's base 32: no letter is read as a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Bytes of an enrolment code: 160 bits, 32 characters.
const CODE: usize = 20;

impl Identity {
    /// A bearer token of 256 random bits.
    pub(super) fn new_token(&self) -> SecretString {
        let random = Zeroizing::new(self.keyring.around().random::<32>());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*random)).into()
    }

    /// What a session is found by.
    pub(super) fn token_tag(&self, token: &SecretString) -> Mac {
        self.secret_tag("medicrypt/session-token/v1", token.expose_secret())
    }

    /// A challenge of 256 random bits, in base64url.
    pub(super) fn new_challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.keyring.around().random::<32>())
    }

    /// What a challenge is found by.
    pub(super) fn challenge_tag(&self, challenge: &str) -> Mac {
        self.secret_tag("medicrypt/login-challenge/v1", challenge)
    }

    /// An enrolment code such as `7K3M-…`, in eight groups of four.
    pub(super) fn new_code(&self) -> SecretString {
        let random = Zeroizing::new(self.keyring.around().random::<CODE>());
        let mut code = String::with_capacity(CODE * 2);
        for bits in (0..CODE * 8).step_by(5) {
            if bits > 0 && bits % 20 == 0 {
                code.push('-');
            }
            let pair = u16::from_be_bytes([random[bits / 8], random.get(bits / 8 + 1).copied().unwrap_or(0)]);
            code.push(char::from(ALPHABET[usize::from(pair >> (11 - bits % 8) & 31)]));
        }
        code.into()
    }

    /// What a code is found by, however it was typed: case, dashes and spaces don't matter, nor O for 0, I and L for 1.
    pub(super) fn code_tag(&self, typed: &SecretString) -> Mac {
        let plain = typed.expose_secret().chars().filter(char::is_ascii_alphanumeric);
        let plain = plain.map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        });
        self.secret_tag("medicrypt/enrolment-code/v1", &Zeroizing::new(plain.collect::<String>()))
    }

    fn secret_tag(&self, domain: &str, secret: &str) -> Mac {
        self.keyring.mac(SystemKey::Token, &Zeroizing::new(Encoder::new(domain).str(secret).finish()))
    }
}

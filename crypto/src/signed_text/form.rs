//! The forms that the fields of signed texts are written in.
//!
//! Each check names its field, so that a client learns which one to write differently. Pure.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::canonical::TextRefused;

pub(super) fn expect(holds: bool, field: &'static str, expected: &'static str) -> Result<(), TextRefused> {
    if holds { Ok(()) } else { Err(TextRefused::Field { field, expected }) }
}

pub(super) fn words(field: &'static str, value: &str) -> Result<(), TextRefused> {
    expect(!value.is_empty() && value.trim() == value, field, "words without spaces around them")
}

pub(super) fn id(field: &'static str, value: &str) -> Result<(), TextRefused> {
    let good = fits(value, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    expect(good, field, "a lower-case UUID with hyphens")
}

pub(super) fn hash(field: &'static str, value: &str) -> Result<(), TextRefused> {
    let good = URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| bytes.len() == 32);
    expect(good, field, "32 bytes in base64url without padding")
}

pub(super) fn nonce(value: &str) -> Result<(), TextRefused> {
    let good = URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| (16..=64).contains(&bytes.len()));
    expect(good, "nonce", "16 to 64 bytes in base64url without padding")
}

pub(super) fn time(field: &'static str, value: &str) -> Result<(), TextRefused> {
    let number = |at: std::ops::Range<usize>| value[at].parse::<u32>().unwrap_or(u32::MAX);
    let exists = || {
        let (year, month) = (number(0..4), number(5..7));
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let date = (1..=12).contains(&month) && (1..=days).contains(&number(8..10));
        date && number(11..13) < 24 && number(14..16) < 60 && number(17..19) < 60
    };
    let good = fits(value, "0000-00-00T00:00:00.000Z") && exists();
    expect(good, field, "a time such as `2026-11-22T10:00:00.000Z`")
}

/// Whether a value has a pattern's form: `0` is a digit, `x` a lower-case hexadecimal digit, all else itself.
fn fits(value: &str, pattern: &str) -> bool {
    let fits_one = |(byte, form): (u8, u8)| match form {
        b'0' => byte.is_ascii_digit(),
        b'x' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        literal => byte == literal,
    };
    value.len() == pattern.len() && value.bytes().zip(pattern.bytes()).all(fits_one)
}

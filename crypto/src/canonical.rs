//! Canonical JSON: the one way to write a text that gets signed (RFC 8785, with stricter rules).
//!
//! On top of the RFC: strings and keys are in Unicode NFC and hold no control, bidirectional, zero-width or
//! otherwise invisible character, so what is shown is what is signed; numbers are integers of at most 2^53 in
//! size, so no reader rounds them; nesting is at most [`MAX_DEPTH`] and the text at most [`MAX_LENGTH`]
//! bytes.
//!
//! Errors carry positions and code points, never the text: it may hold clinical words. Pure: touches nothing
//! but its arguments.

use serde_json::{Number, Value};
use unicode_normalization::is_nfc;

/// The longest text, in bytes of UTF-8.
pub const MAX_LENGTH: usize = 16 * 1024;
/// How deep arrays and objects may nest; a bare scalar has depth 0.
pub const MAX_DEPTH: usize = 8;
/// The largest integer, either sign, that every JSON reader keeps exact (IEEE 754 double precision).
pub const MAX_INTEGER: u64 = 1 << 53;

/// Why a text, or a value to be written as one, was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextRefused {
    /// Longer than [`MAX_LENGTH`].
    #[error("the text is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the text nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Not JSON at all.
    #[error("the text is not JSON (byte {column})")]
    NotJson {
        /// Where reading stopped, counted in bytes from 1 within its line.
        column: usize,
    },
    /// JSON, but not written canonically: spaces, key order, duplicate keys, escapes or number forms differ.
    #[error("the text is not in canonical form: write it by RFC 8785")]
    NotCanonical,
    /// A number that is no integer, or is above 2^53 in size.
    #[error("numbers must be integers of at most 2^53; write others as strings")]
    Number,
    /// A string or key that is not in NFC.
    #[error("strings must be in Unicode normalization form C")]
    NotNormalized,
    /// A string or key with a character that could change what a reader sees.
    #[error("the character U+{code_point:04X} is not allowed: none that is unseen or turns text round is")]
    Character {
        /// The character.
        code_point: u32,
    },
    /// A typed text under another domain.
    #[error("the text's domain is not `{expected}`")]
    Domain {
        /// The domain that was asked for.
        expected: &'static str,
    },
    /// A typed text with missing, unknown or mistyped fields.
    #[error("the text does not have exactly the fields of `{domain}`")]
    Shape {
        /// The domain that was asked for.
        domain: &'static str,
    },
    /// A typed text with a field that is not written as it must be.
    #[error("the field `{field}` must be {expected}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

/// Writes a value as canonical text.
///
/// # Errors
/// [`TextRefused`] if the value breaks one of the module's rules.
pub fn to_text(value: &Value) -> Result<String, TextRefused> {
    check(value, 0)?;
    let text = serde_jcs::to_string(value).map_err(|_| TextRefused::NotCanonical)?;
    if text.len() > MAX_LENGTH {
        return Err(TextRefused::TooLong);
    }
    Ok(text)
}

/// Reads a text that is byte for byte what [`to_text`] writes; duplicate keys can't survive that comparison.
///
/// # Errors
/// [`TextRefused`] if it is anything else.
pub fn parse(text: &str) -> Result<Value, TextRefused> {
    if text.len() > MAX_LENGTH {
        return Err(TextRefused::TooLong);
    }
    let value =
        serde_json::from_str(text).map_err(|error| TextRefused::NotJson { column: error.column() })?;
    if to_text(&value)? != text {
        return Err(TextRefused::NotCanonical);
    }
    Ok(value)
}

fn check(value: &Value, depth: usize) -> Result<(), TextRefused> {
    if depth > MAX_DEPTH || depth == MAX_DEPTH && (value.is_array() || value.is_object()) {
        return Err(TextRefused::TooDeep);
    }
    match value {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::Number(number) => check_number(number),
        Value::String(string) => check_string(string),
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth + 1)),
        Value::Object(members) => members.iter().try_for_each(|(key, member)| {
            check_string(key)?;
            check(member, depth + 1)
        }),
    }
}

fn check_number(number: &Number) -> Result<(), TextRefused> {
    // `as_i64` and `as_u64` are none for everything written with a point, an exponent or a negative zero.
    let size = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
    if size.is_some_and(|size| size <= MAX_INTEGER) { Ok(()) } else { Err(TextRefused::Number) }
}

fn check_string(string: &str) -> Result<(), TextRefused> {
    if let Some(character) = string.chars().find(|&c| is_deceptive(c)) {
        return Err(TextRefused::Character { code_point: character.into() });
    }
    if is_nfc(string) { Ok(()) } else { Err(TextRefused::NotNormalized) }
}

/// Characters that are not seen, or that change how others are seen.
///
/// Unicode 16: general categories Cc, Zl and Zp; those of Cf that have no glyph of their own, with all
/// bidirectional controls; `Default_Ignorable_Code_Point` (fillers, variation selectors, tags);
/// noncharacters.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || u32::from(c) & 0xFFFE == 0xFFFE
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FDD0}'..='\u{FDEF}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invisible_character_is_refused_and_letters_are_not() {
        let all = "\0\t\n\u{7f}\u{85}\u{ad}\u{200b}\u{200d}\u{202e}\u{2028}\u{2066}\u{feff}\u{fe0f}\u{e0041}\u{ffff}";
        for bad in all.chars() {
            let code_point = bad.into();
            assert_eq!(check_string(&format!("a{bad}b")), Err(TextRefused::Character { code_point }));
        }
        for good in ["Zoë", "ಓಂಕಾರ್", "東京", "½ tablet · 5 µg", "😀", "O'Brien \"Bob\" \\"]
        {
            assert_eq!(check_string(good), Ok(()), "{good}");
        }
    }
}

//! Recognizes private keys in text, so that a server can refuse an input that holds one.
//!
//! It guards honest clients against a mistake. What it knows: PEM and `PuTTY` labels; the DER of PKCS#8
//! (plain and encrypted), PKCS#1, SEC1 and PKCS#12 in base64 or base64url, wherever in the text and however
//! broken into lines; JWK with private members; each of these inside JSON strings, percent-encoding or once
//! more base64. It works on the *beginning* of a key, which always says what it is, so a cut-off key is found
//! as well.
//!
//! Time is linear in the text: ordinary strings cost about a pass each. Pure: touches nothing but its
//! arguments.

use zeroize::Zeroizing;

/// The shortest private key in text: a P-256 key as SEC1 without parameters is 39 bytes, 52 base64
/// characters.
const SHORTEST: usize = 40;
/// How many wrappings in base64 are looked through.
const WRAPPINGS: usize = 2;
/// How many layers of escapes (JSON in JSON in …) are looked through.
const ESCAPE_LAYERS: usize = 4;

/// Whether a text holds a private key, in any of the forms that the module's head lists.
#[must_use]
pub fn holds_private_key(text: &str) -> bool {
    found(text, WRAPPINGS)
}

fn found(text: &str, wrappings: usize) -> bool {
    if text.len() < SHORTEST {
        return false;
    }
    let plain = unescaped(text);
    has_label(&plain)
        || has_jwk(&plain)
        || has_der(&plain)
        || wrappings > 0 && is_wrapped(&plain, wrappings - 1)
}

/// The text with JSON and percent escapes resolved, layer by layer.
fn unescaped(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(text.to_owned());
    for _ in 0..ESCAPE_LAYERS {
        if plain.contains(['\\', '%']) {
            plain = one_layer_unescaped(&plain);
        }
    }
    plain
}

fn one_layer_unescaped(text: &str) -> Zeroizing<String> {
    // No escape is shorter than what it stands for, so this never grows and leaves no copies behind.
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '%']) {
        let (before, escape) = rest.split_at(at);
        let (character, length) = resolved(escape);
        plain.push_str(before);
        plain.push(character);
        rest = &escape[length..];
    }
    plain.push_str(rest);
    plain
}

/// The character that an escape stands for and the escape's length; a lone `%` or `\` stands for itself.
fn resolved(escape: &str) -> (char, usize) {
    let hex = |at| u32::from_str_radix(escape.get(at)?, 16).ok().and_then(char::from_u32);
    let found = match escape.as_bytes() {
        [b'%', ..] => hex(1..3).map(|character| (character, 3)),
        [b'\\', b'u', ..] => hex(2..6).map(|character| (character, 6)),
        [b'\\', b'n' | b'r' | b't', ..] => Some((' ', 2)),
        [b'\\', next, ..] if next.is_ascii() => Some((char::from(*next), 2)),
        _ => None,
    };
    found.unwrap_or((if escape.starts_with('%') { '%' } else { '\\' }, 1))
}

/// `BEGIN … PRIVATE KEY` in any spacing (PEM, OpenSSH, PGP, SSH2) and `PuTTY`'s first line.
fn has_label(text: &str) -> bool {
    let letters: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(char::is_ascii_alphanumeric).collect());
    let begins = |before: &str| {
        let kind = before.rsplit_once("BEGIN").map(|(_, kind)| kind);
        // The longest kind in use is `SSH2ENCRYPTED`; a label is upper case, which prose about keys is not.
        kind.is_some_and(|kind| kind.len() <= 16 && !kind.contains(|c: char| c.is_ascii_lowercase()))
    };
    letters.contains("PuTTYUserKeyFile")
        || letters.match_indices("PRIVATEKEY").any(|(at, _)| begins(&letters[at.saturating_sub(24)..at]))
}

/// A key type next to a private member of RFC 7518 section 6 (or `priv` of the newer `AKP` type).
fn has_jwk(text: &str) -> bool {
    const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "k", "priv"];
    // Without spaces and quotes, JSON and what JavaScript or Python print for it look the same.
    let noise = |c: &char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\\');
    let bare: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !noise(c)).collect());
    let mut members =
        bare.split(['{', '}', '[', ']', ',', ';', '&']).filter_map(|part| part.split_once([':', '=']));
    let long =
        |value: &str| value.len() >= 16 && value.bytes().all(|byte| sextet(byte).is_some() || byte == b'=');
    bare.contains("kty") && members.any(|(name, value)| PRIVATE.contains(&name) && long(value))
}

/// A private key's DER in base64 or base64url, starting at any character, with anything else between
/// characters.
fn has_der(text: &str) -> bool {
    /// Bytes enough to see past the algorithm of every elliptic-curve and RSA key.
    const WINDOW: usize = 48;
    let sextets: Zeroizing<Vec<u8>> = Zeroizing::new(text.bytes().filter_map(sextet).collect());
    // Every key is a SEQUENCE, whose tag 0x30 is the first character and the upper third of the second.
    let begins =
        |at: &usize| sextets[*at] == 0x30 >> 2 && sextets.get(at + 1).is_some_and(|next| next >> 4 == 0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(WINDOW));
    (0..sextets.len()).filter(begins).any(|at| {
        bytes.clear();
        bytes.extend(sextets[at..].chunks_exact(4).flat_map(joined).take(WINDOW));
        is_private_der(&bytes)
    })
}

/// Whether these are the first bytes of a private key's DER.
fn is_private_der(bytes: &[u8]) -> bool {
    /// 1.2.840.113549.1, RSA Laboratories' PKCS.
    const PKCS: [u8; 7] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01];
    let Some((0x30, length, body)) = header(bytes) else { return false };
    // An AlgorithmIdentifier, and the octet string after it if that can be seen.
    let is_algorithm = |bytes| match header(bytes) {
        Some((0x30, algorithm, oid @ [0x06, ..])) => oid.get(algorithm).is_none_or(|next| *next == 0x04),
        _ => false,
    };
    let fits = |inner: usize, at_least: usize| (at_least..length).contains(&inner);
    match body {
        // PKCS#8 (RFC 5958): version, algorithm, key.
        [0x02, 0x01, 0 | 1, rest @ ..] if rest.starts_with(&[0x30]) => is_algorithm(rest),
        // PKCS#1 (RFC 8017 A.1.2), and DSA's like it: version, then integers.
        [0x02, 0x01, 0 | 1, rest @ ..] if rest.starts_with(&[0x02]) => {
            header(rest).is_some_and(|(_, modulus, _)| fits(modulus, 32))
        }
        // SEC1 (RFC 5915): version 1, key.
        [0x02, 0x01, 1, rest @ ..] if rest.starts_with(&[0x04]) => {
            header(rest).is_some_and(|(_, scalar, _)| scalar <= 66 && fits(scalar, 20))
        }
        // PKCS#12 (RFC 7292): version 3, content info of a PKCS#7 type.
        [0x02, 0x01, 3, rest @ ..] => {
            let oid = header(rest).and_then(|(_, _, content)| content.get(2..)).unwrap_or_default();
            oid.starts_with(&PKCS) && oid.get(7) == Some(&7)
        }
        // PKCS#8 encrypted (RFC 5958 section 3): an algorithm of PKCS#5 or PKCS#12.
        [0x30, ..] => {
            let oid = header(body).and_then(|(_, _, algorithm)| algorithm.get(2..)).unwrap_or_default();
            is_algorithm(body) && oid.starts_with(&PKCS) && matches!(oid.get(7), Some(5 | 12))
        }
        _ => false,
    }
}

/// Reads a DER header of definite length: tag, length, and what follows.
fn header(bytes: &[u8]) -> Option<(u8, usize, &[u8])> {
    let (tag, length, rest) = match *bytes {
        [tag, length @ ..=0x7f, ref rest @ ..] | [tag, 0x81, length, ref rest @ ..] => {
            (tag, length.into(), rest)
        }
        [tag, 0x82, high, low, ref rest @ ..] => (tag, u16::from_be_bytes([high, low]), rest),
        _ => return None,
    };
    Some((tag, length.into(), rest))
}

/// Base64 that decodes to a text, which then holds a key.
fn is_wrapped(text: &str, wrappings: usize) -> bool {
    let holds = |run: &[u8]| {
        let sextets: Zeroizing<Vec<u8>> = Zeroizing::new(run.iter().copied().filter_map(sextet).collect());
        let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(sextets.chunks(4).flat_map(joined).collect());
        let readable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        bytes.iter().take(SHORTEST / 2).all(readable) && found(&String::from_utf8_lossy(&bytes), wrappings)
    };
    let is_break = |byte: &u8| sextet(*byte).is_none();
    let joined_lines: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.bytes().filter(|b| !b.is_ascii_whitespace()).collect());
    text.as_bytes().split(is_break).chain(joined_lines.split(is_break)).any(holds)
}

/// The value of a base64 or base64url character.
fn sextet(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// The bytes of up to four sextets.
fn joined(sextets: &[u8]) -> impl Iterator<Item = u8> + use<> {
    let bits =
        sextets.iter().fold(0, |bits, sextet| bits << 6 | u32::from(*sextet)) << (6 * (4 - sextets.len()));
    let [_, bytes @ ..] = bits.to_be_bytes();
    bytes.into_iter().take(sextets.len() * 3 / 4)
}

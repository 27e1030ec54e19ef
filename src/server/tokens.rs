//! The first look at a document: how many tokens, how deep its brackets, before a parser spends anything on
//! it.
//!
//! It reads strings and comments exactly as the parser does, so nothing can hide in what only one of them
//! takes for a string; what it cannot read, the parser could not either. It never counts fewer than there
//! are; a signed or broken number counts as its parts.

use super::{DocumentLimits, Refusal};

/// Refuses a document with more tokens or more deeply nested brackets than `limits` allow.
pub(super) fn check(document: &str, limits: &DocumentLimits) -> Result<(), Refusal> {
    let mut rest = document.as_bytes();
    let (mut tokens, mut nesting) = (0_u64, 0_u64);
    while let Some(&first) = rest.first() {
        let length = match first {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                rest = &rest[1..];
                continue;
            }
            b'#' => {
                rest = &rest[line(rest)..];
                continue;
            }
            b'"' => string(rest).ok_or(Refusal::Syntax(Vec::new()))?,
            b'.' => prefix(rest, |byte| byte == b'.').min(3),
            _ => prefix(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80).max(1),
        };
        match first {
            b'{' | b'[' | b'(' => nesting += 1,
            b'}' | b']' | b')' => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        tokens += 1;
        if tokens > limits.tokens {
            return Err(Refusal::DocumentTooLarge { what: "tokens", limit: limits.tokens });
        }
        if nesting > limits.nesting {
            return Err(Refusal::DocumentTooLarge { what: "levels of brackets", limit: limits.nesting });
        }
        rest = &rest[length..];
    }
    Ok(())
}

/// The length of a string literal with its quotes; `None` when it does not end.
fn string(text: &[u8]) -> Option<usize> {
    const BLOCK: &[u8] = b"\"\"\"";
    let block = text.starts_with(BLOCK);
    let mut at = if block { 3 } else { 1 };
    loop {
        let rest = text.get(at..)?;
        match *rest.first()? {
            b'"' if !block => return Some(at + 1),
            b'"' if rest.starts_with(BLOCK) => return Some(at + 3),
            b'\\' if block && rest[1..].starts_with(BLOCK) => at += 4,
            b'\\' if !block => at += 2,
            b'\n' | b'\r' if !block => return None,
            _ => at += 1,
        }
    }
}

fn line(text: &[u8]) -> usize {
    prefix(text, |byte| byte != b'\n' && byte != b'\r')
}

fn prefix(text: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|&byte| !belongs(byte)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(document: &str, tokens: u64) -> bool {
        let limit = |tokens| check(document, &DocumentLimits { tokens, ..DocumentLimits::default() });
        limit(tokens).is_ok() && limit(tokens - 1).is_err()
    }

    #[test]
    fn tokens_are_counted_as_the_specification_counts_them() {
        assert!(holds("{ a }", 3));
        assert!(holds("query Q($x: Int! = 1) @d { ...F, b: c(x: $x) # { not this }\n }", 26));
        assert!(holds(r#"{ a(x: "} \" {", y: """ " "" \""" """) }"#, 11));
        assert!(holds(r#"{ a(x: ["", "b"]) }"#, 11));
    }

    #[test]
    fn a_string_that_does_not_end_hides_nothing() {
        assert_eq!(
            check("{ a(x: [\"\"\"b\"]) c c c }", &DocumentLimits::default()),
            Err(Refusal::Syntax(Vec::new()))
        );
        assert_eq!(check("{ a(x: \"b\n\") }", &DocumentLimits::default()), Err(Refusal::Syntax(Vec::new())));
    }

    #[test]
    fn brackets_are_refused_before_they_reach_the_parser() {
        let deep = format!("{{ a(x: {}", "[".repeat(1_000));
        assert!(matches!(check(&deep, &DocumentLimits::default()), Err(Refusal::DocumentTooLarge { .. })));
    }
}

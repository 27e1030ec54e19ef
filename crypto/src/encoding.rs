//! The one way in which several values become one byte string for a MAC, a hash or associated data.
//!
//! A text is a sequence of parts. Each part is its length as 8 bytes, most significant first, then its bytes:
//!
//! | call | bytes of the part |
//! |---|---|
//! | `new(domain)` | the domain in UTF-8; always the first part |
//! | `bytes(b)` | `b` as it is |
//! | `str(s)` | `s` in UTF-8 |
//! | `i64(i)` | 8 bytes, two's complement, most significant first |
//! | `u64(u)` | 8 bytes, most significant first |
//! | `bool(b)` | one byte: `01` for true, `00` for false |
//! | `opt(None)` | one byte `00` |
//! | `opt(Some(b))` | one byte `01`, then `b` |
//!
//! Two texts are equal only if all their parts are: lengths leave no room to move a boundary. Types are not
//! written down, so one domain stands for one fixed sequence of calls. `Encoder::new("a").bool(true)` is
//! `0000000000000001 61 0000000000000001 01`.

/// Builds one text, part by part. Every call takes the encoder and gives it back.
#[must_use]
pub struct Encoder(Vec<u8>);

impl Encoder {
    /// Starts a text. `domain` names what the text is for, such as `medicrypt/row-tag/v1`.
    pub fn new(domain: &str) -> Self {
        Self(Vec::with_capacity(256)).str(domain)
    }

    /// A byte string of any length.
    pub fn bytes(mut self, part: &[u8]) -> Self {
        self.part(&[part]);
        self
    }

    /// A string in UTF-8, as it is: normalising is the caller's part.
    pub fn str(self, part: &str) -> Self {
        self.bytes(part.as_bytes())
    }

    /// A signed number.
    pub fn i64(self, part: i64) -> Self {
        self.bytes(&part.to_be_bytes())
    }

    /// An unsigned number.
    pub fn u64(self, part: u64) -> Self {
        self.bytes(&part.to_be_bytes())
    }

    /// A truth value.
    pub fn bool(self, part: bool) -> Self {
        self.bytes(&[u8::from(part)])
    }

    /// A value that may be missing; `None` differs from every `Some`, the empty one too.
    pub fn opt(mut self, part: Option<&[u8]>) -> Self {
        match part {
            None => self.part(&[&[0]]),
            Some(bytes) => self.part(&[&[1], bytes]),
        }
        self
    }

    /// The finished text.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// One part, given in pieces to be joined.
    fn part(&mut self, pieces: &[&[u8]]) {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        self.0.extend((length as u64).to_be_bytes());
        for piece in pieces {
            self.0.extend_from_slice(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_documented_example_holds() {
        let text = Encoder::new("a").bool(true).finish();
        assert_eq!(text, [0, 0, 0, 0, 0, 0, 0, 1, 0x61, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn numbers_are_eight_bytes_most_significant_first() {
        let text = Encoder::new("").i64(-2).u64(258).finish();
        let length = [0, 0, 0, 0, 0, 0, 0, 8];
        let parts =
            [[0; 8], length, [255, 255, 255, 255, 255, 255, 255, 254], length, [0, 0, 0, 0, 0, 0, 1, 2]];
        assert_eq!(text, parts.concat());
    }

    #[test]
    fn a_missing_value_differs_from_an_empty_one() {
        let text = |part| Encoder::new("d").opt(part).finish();
        assert_ne!(text(None), text(Some(b"".as_slice())));
        assert_ne!(text(None), text(Some(b"\0".as_slice())));
    }

    /// Reads the parts back: what can be read back in one way can't be written in two.
    fn parts(mut text: &[u8]) -> Vec<Vec<u8>> {
        let mut parts = Vec::new();
        while let Some((length, rest)) = text.split_first_chunk::<8>() {
            let (part, rest) = rest.split_at(usize::try_from(u64::from_be_bytes(*length)).unwrap());
            parts.push(part.to_vec());
            text = rest;
        }
        assert!(text.is_empty());
        parts
    }

    proptest! {
        #[test]
        fn every_text_reads_back_as_its_parts(
            domain in ".*",
            given in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..8),
        ) {
            let text = given.iter().fold(Encoder::new(&domain), |text, part| text.bytes(part)).finish();
            let read = parts(&text);
            prop_assert_eq!(&read[0], domain.as_bytes());
            prop_assert_eq!(&read[1..], &given[..]);
        }
    }
}

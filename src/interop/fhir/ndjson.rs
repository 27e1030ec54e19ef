//! Reads NDJSON one line at a time, plain or gzip, with a bound on the length of a line.
//!
//! The one line in memory is wiped before the next is read and when the reader is dropped. (The small buffers inside
//! of the standard library and of the decompressor are not.)

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use zeroize::{Zeroize, Zeroizing};

use super::refused::Reason;
use super::sources::SourceFile;

/// Longest line that is read, in bytes: 1 MiB.
pub const MAX_LINE: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Lines of one stream. After an error of the stream there are no more.
pub(super) struct Lines {
    source: Option<Box<dyn BufRead + Send>>,
    failed_to_open: Option<io::Error>,
    number: u64,
    line: Zeroizing<Vec<u8>>,
}

impl Lines {
    /// Opens the file; if that fails, the first line says so.
    pub(super) fn of_file(file: &SourceFile) -> Self {
        match File::open(&file.path) {
            Ok(plain) if !file.compressed => Self::of(plain),
            Ok(compressed) => Self::of(MultiGzDecoder::new(BufReader::new(compressed))),
            Err(error) => Self { source: None, failed_to_open: Some(error), ..Self::of(io::empty()) },
        }
    }

    pub(super) fn of(source: impl Read + Send + 'static) -> Self {
        Self {
            source: Some(Box::new(BufReader::new(source))),
            failed_to_open: None,
            number: 0,
            // At its full size from the start: a buffer that grows leaves copies of what it held behind.
            line: Zeroizing::new(Vec::with_capacity(MAX_LINE + 1)),
        }
    }

    /// The next line that is not blank, with its number (from 1) and without white space around it.
    pub(super) fn next_line(&mut self) -> Option<(u64, Result<&[u8], Reason>)> {
        if let Some(error) = self.failed_to_open.take() {
            return Some((0, Err(Reason::Unreadable(error.kind()))));
        }
        loop {
            let source = self.source.as_mut()?;
            self.number += 1;
            match fill(source, &mut self.line) {
                Ok(Filled::Nothing) => return None,
                Ok(Filled::TooLong) => return Some((self.number, Err(Reason::TooLong))),
                Ok(Filled::Line) if self.line.trim_ascii().is_empty() => {}
                Ok(Filled::Line) => break,
                Err(error) => {
                    self.source = None;
                    return Some((self.number, Err(Reason::Unreadable(error.kind()))));
                }
            }
        }
        let line = self.line.trim_ascii();
        Some((
            self.number,
            Ok(line.strip_prefix(BYTE_ORDER_MARK).filter(|_| self.number == 1).unwrap_or(line)),
        ))
    }
}

enum Filled {
    Nothing,
    Line,
    TooLong,
}

fn fill(source: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Filled> {
    line.as_mut_slice().zeroize();
    line.clear();
    let read = Read::take(&mut *source, MAX_LINE as u64 + 1).read_until(b'\n', line)?;
    Ok(match line.last() {
        None => Filled::Nothing,
        Some(b'\n') => Filled::Line,
        Some(_) if read <= MAX_LINE => Filled::Line,
        Some(_) => {
            source.skip_until(b'\n')?;
            Filled::TooLong
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn all(mut lines: Lines) -> Vec<(u64, Result<Vec<u8>, Reason>)> {
        let mut all = Vec::new();
        while let Some((number, line)) = lines.next_line() {
            all.push((number, line.map(<[u8]>::to_vec)));
        }
        all
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn lines_keep_their_numbers_and_lose_the_white_space_around_them() {
        let lines = all(Lines::of(&b"\xEF\xBB\xBFone\r\n\n  \ntwo"[..]));
        assert_eq!(lines, [(1, Ok(b"one".to_vec())), (4, Ok(b"two".to_vec()))]);
    }

    #[test]
    fn a_line_beyond_the_limit_is_skipped_and_the_next_one_read() {
        let longest = vec![b'x'; MAX_LINE];
        let text = [&longest[..], b"\n", &longest, b"x\nnext\n", &longest, b"xx"].concat();
        let lines = all(Lines::of(io::Cursor::new(text)));
        let expected = [
            (1, Ok(longest)),
            (2, Err(Reason::TooLong)),
            (3, Ok(b"next".to_vec())),
            (4, Err(Reason::TooLong)),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn the_line_buffer_never_grows() {
        let mut lines = Lines::of(io::Cursor::new(vec![b'x'; 3 * MAX_LINE]));
        let before = lines.line.as_ptr();
        lines.next_line().unwrap().1.unwrap_err();
        assert_eq!(lines.line.as_ptr(), before);
    }

    #[test]
    fn gzip_members_follow_one_another_and_a_cut_one_ends_the_file_aloud() {
        let both = [gzip(b"one\n"), gzip(b"two\n")].concat();
        let decoded = all(Lines::of(MultiGzDecoder::new(io::Cursor::new(both.clone()))));
        assert_eq!(decoded, [(1, Ok(b"one".to_vec())), (2, Ok(b"two".to_vec()))]);
        let cut = all(Lines::of(MultiGzDecoder::new(io::Cursor::new(both[..both.len() - 4].to_vec()))));
        assert_eq!(cut.last().unwrap(), &(3, Err(Reason::Unreadable(io::ErrorKind::UnexpectedEof))));
    }
}

//! Everything that this process would print, at the most talkative level there is.

#![allow(dead_code, reason = "not every test file uses every helper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::{
    io,
    sync::{Arc, Mutex, OnceLock},
};

use tracing::Level;
use tracing_subscriber::fmt::format::FmtSpan;

/// The output of all tests of this binary since the first of them asked.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

/// Begins to listen, if nobody does yet.
pub(crate) fn captured() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    let listen = || {
        let log = Log::default();
        let writer = log.clone();
        let everything = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false);
        // The beginning of each span as well: it is there that libraries put what they were called with.
        let everything = everything.with_span_events(FmtSpan::NEW);
        everything.with_writer(move || writer.clone()).init();
        log
    };
    LOG.get_or_init(listen).clone()
}

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// A word as it may be written where bytes are printed.
pub(crate) fn disguises(word: &str) -> [String; 5] {
    let join = |format: fn(&u8) -> String, between: &str| {
        word.as_bytes().iter().map(format).collect::<Vec<_>>().join(between)
    };
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD_NO_PAD, word);
    // Its last letter says also what follows the word.
    let base64 = base64[..base64.len() - 1].to_owned();
    let hex = join(|byte| format!("{byte:02x}"), "");
    [word.to_owned(), join(ToString::to_string, ", "), hex.to_uppercase(), hex, base64]
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

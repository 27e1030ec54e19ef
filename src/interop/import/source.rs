//! Reads a file in batches, on a thread of its own, no further ahead than two.

use std::{
    fs::File,
    io::{BufReader, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::read::MultiGzDecoder;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};

use super::{
    ImportError,
    fhir::{self, Items, Refused, SourceFile, item::Item},
};

/// Lines of one transaction: some 100 ms of writing, some seconds of encrypting.
const BATCH: usize = 400;
/// Batches that wait.
const AHEAD: usize = 2;

/// Some lines of a file.
#[derive(Default)]
pub(super) struct Batch {
    /// Resources with their line numbers.
    pub(super) items: Vec<(u64, Item)>,
    /// Lines that are none.
    pub(super) refused: Vec<Refused>,
    /// How much of the file, as it is on the disk, was read for them.
    pub(super) bytes: u64,
}

impl Batch {
    pub(super) fn lines(&self) -> u64 {
        (self.items.len() + self.refused.len()) as u64
    }
}

/// The batches of a file, in its order.
pub(super) struct Batches {
    queue: mpsc::Receiver<Batch>,
    reader: Option<JoinHandle<()>>,
}

impl Batches {
    pub(super) fn of(file: &SourceFile) -> Self {
        let (sender, queue) = mpsc::channel(AHEAD);
        let file = file.clone();
        Self { queue, reader: Some(spawn_blocking(move || read(&file, &sender))) }
    }

    /// The next one.
    ///
    /// # Errors
    /// [`ImportError::Stopped`] where the reader died: a file that ends early must not look read.
    pub(super) async fn next(&mut self) -> Result<Option<Batch>, ImportError> {
        let batch = self.queue.recv().await;
        if let (None, Some(reader)) = (&batch, self.reader.take_if(|_| batch.is_none())) {
            reader.await?;
        }
        Ok(batch)
    }
}

fn read(file: &SourceFile, batches: &mpsc::Sender<Batch>) {
    let position = Arc::new(AtomicU64::new(0));
    let mut items = open(file, position.clone());
    let mut before = 0;
    loop {
        let mut batch = Batch::default();
        for outcome in items.by_ref().take(BATCH) {
            match outcome {
                Ok(item) => batch.items.push(item),
                Err(refused) => batch.refused.push(refused),
            }
        }
        let now = position.load(Ordering::Relaxed);
        batch.bytes = now - before;
        before = now;
        // Whoever imports may have stopped on an error.
        if batch.lines() == 0 || batches.blocking_send(batch).is_err() {
            return;
        }
    }
}

fn open(file: &SourceFile, position: Arc<AtomicU64>) -> Items {
    match File::open(&file.path) {
        Ok(plain) if file.compressed => {
            let counted = Counted { source: plain, position };
            fhir::read_from(file.kind, file.name(), MultiGzDecoder::new(BufReader::new(counted)))
        }
        Ok(source) => fhir::read_from(file.kind, file.name(), Counted { source, position }),
        // Says so as its only line.
        Err(_) => fhir::read(file),
    }
}

/// Counts what is read through it.
struct Counted {
    source: File,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

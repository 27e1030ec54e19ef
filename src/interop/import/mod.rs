//! Takes a FHIR R4 export into the house, in any number of runs: what is there already is left as it is.
//!
//! ```text
//! file ─ fhir::Items ─ batch ─ what is there ─ sealed and encrypted rows ─ one transaction with one ledger entry
//! ```
//!
//! - Ids are blind: an HMAC of type and id of the exporting system. So every run gives a resource the same row, and nothing
//!   of the exporting system can be recognised. All exports of one house must come from one numbering of resources.
//! - A batch is written whole or not at all, with everything a resource of it becomes; whoever kills the process loses the
//!   batch under way, and the next run goes on from there. A patient's key that was made for a lost batch opens nothing.
//! - In memory there are one batch, two that were read ahead, and what [`ahead`] keeps of staff and smokers.
//! - A line is taken, was there already, only served others, or is refused by name. A reason holds nothing clinical.
//!
//! To take in another resource: its item in [`fhir`], what it refers to in `links.rs`, and an arm of
//! [`Composer::take`](compose::Composer::take) with the rows it becomes.

mod ahead;
mod compose;
mod error;
mod links;
mod observations;
mod patients;
mod prescriptions;
mod report;
mod rows;
mod source;
mod staff;
mod visits;

use std::{path::Path, sync::Arc};

use tokio::task::spawn_blocking;

use self::{ahead::Ahead, compose::Composer, links::There, rows::Rows, source::Batches};
use super::fhir::{self, Kind, SourceFile};
use crate::{
    keyring::{Keyring, SystemKey},
    world::World,
};

pub use error::ImportError;
pub use report::{FileReport, Progress, Refusal, Report};

/// Reads every file of the export in `directory` and writes what is not there yet.
///
/// Practitioners become disabled accounts, for the desk to invite; encounters, conditions and findings become records,
/// measurements become vitals, prescriptions become history.
///
/// # Errors
/// A folder without an export, and failures of the rooms; the batches before are then written and stay. Lines that can't be
/// taken are no error: they are in the report.
pub async fn import(world: &World, directory: &Path, progress: &dyn Progress) -> Result<Report, ImportError> {
    let sources = fhir::files(directory)?;
    let ahead = Arc::new(Ahead::look(&world.keyring, &sources.files, progress).await?);
    let mut report = Report { files: Vec::with_capacity(sources.files.len()), left_out: sources.left_out };
    for file in &sources.files {
        report.files.push(import_file(world, &ahead, file, progress).await?);
    }
    Ok(report)
}

async fn import_file(
    world: &World,
    ahead: &Arc<Ahead>,
    file: &SourceFile,
    progress: &dyn Progress,
) -> Result<FileReport, ImportError> {
    let mut report = FileReport::new(file);
    progress.begin(&report.file, file.bytes);
    let mut batches = Batches::of(file);
    while let Some(batch) = batches.next().await? {
        let (lines, bytes) = (batch.lines(), batch.bytes);
        let there = There::look(world, file.kind, &batch.items).await?;
        let (own, facts) = (world.clone(), ahead.clone());
        let (rows, outcomes) =
            spawn_blocking(move || Composer::new(&own, &facts, there).compose(&batch.items, batch.refused))
                .await??;
        write(world, file.kind, rows).await?;
        report.count(lines, outcomes, progress);
        progress.advance(bytes, lines);
    }
    progress.end();
    Ok(report)
}

/// One batch: all of it, or, whatever happens, nothing.
async fn write(world: &World, kind: Kind, rows: Rows) -> Result<(), ImportError> {
    if rows.is_empty() {
        return Ok(());
    }
    let own = world.clone();
    world
        .write("import", move |tx| {
            let (own, rows) = (own.clone(), rows.clone());
            Box::pin(async move { rows.write(&own, kind, tx).await })
        })
        .await?;
    Ok(())
}

/// The id here of a resource there, or of a row that is made of it.
fn blind(keyring: &Keyring, what: &str, source_id: &str) -> uuid::Uuid {
    let message = crypto::encoding::Encoder::new("medicrypt/source-id/v1").str(what).str(source_id);
    keyring.blind_id(SystemKey::Source, &message.finish())
}

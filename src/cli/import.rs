//! `import`: other systems' data. Only FHIR R4 so far.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use indicatif::{MultiProgress, ProgressBar};
use serde_json::json;

use super::{
    host::{Here, block_on},
    output::{Output, say},
    progress,
};
use crate::{
    interop::{self, Progress, Refusal, Report},
    world::World,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  medicrypt import fhir ./export
  medicrypt import fhir ./export --json > report.json";

const FHIR_EXAMPLES: &str = "\
Examples:
  medicrypt import fhir ./export
  medicrypt import fhir ./export --json > report.json

DIR holds NDJSON files (a bulk export), perhaps gzipped. It may be run again: what is there is left as it is. Lines that can't
be taken are listed with the reason; they don't stop the others.";

/// Arguments of `import`.
#[derive(Args, Debug)]
pub(super) struct Import {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    here: Here,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// A FHIR R4 export
    #[command(after_help = FHIR_EXAMPLES)]
    Fhir {
        /// The export's folder
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

/// Runs it.
pub(super) fn run(args: &Import, file: Option<&Path>) -> Result<()> {
    let Verb::Fhir { directory } = &args.verb;
    block_on(async {
        let world = args.here.open_or_found(file).await?;
        let report = fhir(&world, directory).await?;
        world.close().await?;
        show(&report, args.here.output)
    })
}

/// Imports with a bar for each file.
pub(super) async fn fhir(world: &World, directory: &Path) -> Result<Report> {
    Ok(interop::import(world, directory, &Bars::default()).await?)
}

/// What became of every file.
pub(super) fn show(report: &Report, output: Output) -> Result<()> {
    if output.json {
        return output.data(&json!(report));
    }
    let columns = [
        ("file", "/file"),
        ("lines", "/lines"),
        ("taken", "/taken"),
        ("there before", "/already_there"),
        ("no metric", "/no_metric"),
        ("for others", "/for_others"),
        ("refused", "/refused"),
    ];
    output.table(&json!(report.files), &columns)?;
    if !report.left_out.is_empty() {
        say(&format!("not read, as nothing here takes them: {}", report.left_out.join(", ")));
    }
    Ok(())
}

/// Bytes of the file under way.
#[derive(Default)]
struct Bars {
    all: MultiProgress,
    now: std::sync::Mutex<Option<ProgressBar>>,
}

impl Bars {
    fn with(&self, what: impl FnOnce(&mut Option<ProgressBar>)) {
        // A bar is no reason to stop: after a panic elsewhere it simply stays.
        if let Ok(mut now) = self.now.lock() {
            what(&mut now);
        }
    }
}

impl Progress for Bars {
    fn begin(&self, file: &str, bytes: u64) {
        let bar = self.all.add(progress::counter(file, bytes));
        self.with(|now| *now = Some(bar));
    }

    fn advance(&self, bytes: u64, _lines: u64) {
        self.with(|now| now.iter().for_each(|bar| bar.inc(bytes)));
    }

    fn refused(&self, refusal: &Refusal) {
        self.all.suspend(|| say(&format!("refused: {refusal}")));
    }

    fn end(&self) {
        self.with(|now| now.take().iter().for_each(ProgressBar::finish_and_clear));
    }
}

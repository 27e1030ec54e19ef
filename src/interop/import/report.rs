//! What became of every line, and whom it is told to on the way.

use std::fmt;

use serde::Serialize;

use super::{
    compose::{Outcome, Why},
    fhir::{Kind, Refused, SourceFile},
};

/// Refusals of one file that a [`Report`] keeps; [`Progress::refused`] hears of every one.
const KEPT: usize = 10_000;

/// Hears how far an import is: for a progress bar.
pub trait Progress: Send + Sync {
    /// A pass over a file begins: its name, and its size on the disk in bytes.
    fn begin(&self, _file: &str, _bytes: u64) {}
    /// So many more of its bytes and lines are done, and durable.
    fn advance(&self, _bytes: u64, _lines: u64) {}
    /// A line was refused.
    fn refused(&self, _refusal: &Refusal) {}
    /// The pass is over.
    fn end(&self) {}
}

/// Nobody listens.
impl Progress for () {}

/// What became of an export.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Every file, in the order in which they were read.
    pub files: Vec<FileReport>,
    /// NDJSON files of other resources, which were not read.
    pub left_out: Vec<String>,
}

/// What became of each line of one file: `lines` is the sum of the other five numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Name of the file, without its folder.
    pub file: String,
    /// Type of its resources, as FHIR calls it.
    pub resource: &'static str,
    /// Lines that are not blank, and places at which the file could not be read.
    pub lines: u64,
    /// New, and written.
    pub taken: u64,
    /// There from an earlier run; left as they are.
    pub already_there: u64,
    /// New, and kept sealed in words: observations of something that is no metric.
    pub no_metric: u64,
    /// Of no row of their own, but read for what refers to them: organizations and roles of staff.
    pub for_others: u64,
    /// Not taken.
    pub refused: u64,
    /// Which ones and why: the first 10 000.
    pub refusals: Vec<Refusal>,
}

/// A line that was not taken. Nothing in it is clinical.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Name of the file.
    pub file: String,
    /// Number of the line, from 1; 0 if the file could not be opened.
    pub line: u64,
    /// Type and id, as `Patient/p1`, where it has them.
    pub resource: Option<String>,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

impl Report {
    /// The sum of something over all files of one type of resource.
    #[must_use]
    pub fn sum(&self, kind: Kind, of: impl Fn(&FileReport) -> u64) -> u64 {
        self.files.iter().filter(|file| file.resource == kind.name()).map(of).sum()
    }
}

impl FileReport {
    pub(super) fn new(file: &SourceFile) -> Self {
        Self {
            file: file.name(),
            resource: file.kind.name(),
            lines: 0,
            taken: 0,
            already_there: 0,
            no_metric: 0,
            for_others: 0,
            refused: 0,
            refusals: Vec::new(),
        }
    }

    /// Counts a batch.
    pub(super) fn count(&mut self, lines: u64, outcomes: Vec<Told>, progress: &dyn Progress) {
        self.lines += lines;
        for told in outcomes {
            match told {
                Told::Outcome(Outcome::Taken) => self.taken += 1,
                Told::Outcome(Outcome::AlreadyThere) => self.already_there += 1,
                Told::Outcome(Outcome::NoMetric) => self.no_metric += 1,
                Told::Outcome(Outcome::ForOthers) => self.for_others += 1,
                Told::Unread(refused) => self.refuse(refused.into(), progress),
                Told::Refused { line, id, why } => {
                    let (file, resource) = (self.file.clone(), Some(format!("{}/{id}", self.resource)));
                    self.refuse(Refusal { file, line, resource, reason: why.to_string() }, progress);
                }
            }
        }
    }

    fn refuse(&mut self, refusal: Refusal, progress: &dyn Progress) {
        progress.refused(&refusal);
        self.refused += 1;
        if self.refusals.len() < KEPT {
            self.refusals.push(refusal);
        }
    }
}

/// What became of one line.
pub(super) enum Told {
    /// It was understood.
    Outcome(Outcome),
    /// It is no resource that can be read.
    Unread(Refused),
    /// It was read, and does not fit in.
    Refused { line: u64, id: String, why: Why },
}

impl Told {
    /// Whether it makes rows.
    pub(super) fn is_new(&self) -> bool {
        matches!(self, Self::Outcome(Outcome::Taken | Outcome::NoMetric))
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let resource = refused.id.map(|id| format!("{}/{id}", refused.kind.name()));
        Self { file: refused.file, line: refused.line, resource, reason: refused.reason.to_string() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(resource) = &self.resource {
            write!(f, "{resource} ")?;
        }
        f.write_str(&self.reason)
    }
}

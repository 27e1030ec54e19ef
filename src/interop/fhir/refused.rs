//! Why a line was not taken. A [`Reason`] can hold only names of fields, numbers of ours and types of resources, so
//! that no refusal carries a clinical value into a log.

use std::fmt;
use std::io::ErrorKind;

use thiserror::Error;

use super::ndjson::MAX_LINE;
use super::sources::Kind;
use crate::clinic::metric::MetricRefused;

/// One line that was not taken: where it is, what it is (if that could be read), and why.
#[derive(Debug)]
pub struct Refused {
    /// Name of the file, without its folder.
    pub file: String,
    /// Number of the line, from 1; 0 if the file could not be opened.
    pub line: u64,
    /// Type of the resources in this file.
    pub kind: Kind,
    /// Id of the resource, where it has a valid one.
    pub id: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// What was wrong with a line, and what to do about it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Reason {
    /// The file could not be opened, or not be read to its end (a cut-off gzip file, for example).
    #[error("cannot be read on from here ({0}): nothing after it was taken; copy or export the file again")]
    Unreadable(ErrorKind),
    /// Longer than [`MAX_LINE`].
    #[error("is longer than {MAX_LINE} bytes: remove attachments and contained resources from it")]
    TooLong,
    /// Not JSON.
    #[error("is not valid JSON from column {column} on: export this file again")]
    NotJson {
        /// Byte column, from 1.
        column: usize,
    },
    /// JSON, but a field that is read has another type than FHIR gives it, or appears twice.
    #[error("has a field of the wrong type near column {column}: see FHIR R4 for its type")]
    WrongType {
        /// Byte column, from 1, of the value or its end.
        column: usize,
    },
    /// A resource of another type.
    #[error("is not a resource of type `{}`: move the line to the file of its type", .0.name())]
    WrongResource(Kind),
    /// No id, or one that FHIR does not allow.
    #[error("has no `id` of 1 to 64 letters, digits, `-` or `.`: give it one")]
    BadId,
    /// The same id as an earlier line of the file.
    #[error("appears twice in this file: keep one")]
    Duplicate,
    /// A field that is needed is missing or empty.
    #[error("has no `{0}`: add it")]
    Missing(&'static str),
    /// A date or time that cannot be read.
    #[error("has a `{0}` that is no FHIR date or time: write `2026-01-31` or `2026-01-31T10:00:00Z`")]
    BadDate(&'static str),
    /// A period that ends before it begins.
    #[error("has a `{0}` that ends before it starts: correct it")]
    Backwards(&'static str),
    /// A code or number outside of what the field may hold.
    #[error("has a `{0}` outside of what FHIR R4 allows there: correct it")]
    BadValue(&'static str),
    /// A reference that does not point to a resource of the right type.
    #[error("has a `{field}` that does not refer to a {expected}: write it as `{expected}/id`")]
    BadReference {
        /// The field.
        field: &'static str,
        /// Type it must refer to.
        expected: &'static str,
    },
    /// A field in a form that is not read here.
    #[error("has its `{field}` in a form that is not read: {instead}")]
    NotRead {
        /// The field.
        field: &'static str,
        /// What to write instead.
        instead: &'static str,
    },
    /// Its status says that it does not count as a fact.
    #[error("is marked as {0} and was left where it is: nothing needs to be done, or correct its status")]
    NotAFact(&'static str),
    /// A metric's value that is not accepted.
    #[error("is not accepted: {0}")]
    Metric(#[from] MetricRefused),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(id) = &self.id {
            write!(f, "{}/{id} ", self.kind.name())?;
        }
        self.reason.fmt(f)
    }
}

impl std::error::Error for Refused {}

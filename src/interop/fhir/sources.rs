//! Finds the files of a bulk export and puts them into the order of import, in which nothing refers forwards.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;

/// The resources that are read, in the order of import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Hospital, department, payer.
    Organization,
    /// A member of staff.
    Practitioner,
    /// What a member of staff does, and where.
    PractitionerRole,
    /// A patient.
    Patient,
    /// A visit.
    Encounter,
    /// A diagnosis or problem.
    Condition,
    /// A vital sign or another finding.
    Observation,
    /// A prescription.
    MedicationRequest,
}

impl Kind {
    /// Every kind, in the order of import.
    pub const ALL: [Self; 8] = [
        Self::Organization,
        Self::Practitioner,
        Self::PractitionerRole,
        Self::Patient,
        Self::Encounter,
        Self::Condition,
        Self::Observation,
        Self::MedicationRequest,
    ];

    /// Its name in FHIR.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Organization => "Organization",
            Self::Practitioner => "Practitioner",
            Self::PractitionerRole => "PractitionerRole",
            Self::Patient => "Patient",
            Self::Encounter => "Encounter",
            Self::Condition => "Condition",
            Self::Observation => "Observation",
            Self::MedicationRequest => "MedicationRequest",
        }
    }
}

/// One file to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// What it holds.
    pub kind: Kind,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is gzip.
    pub compressed: bool,
    /// Its size on the disk, for whoever shows progress.
    pub bytes: u64,
}

impl SourceFile {
    /// Name of the file without its folder.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// What a folder holds.
#[derive(Debug)]
pub struct Sources {
    /// Files to read, in the order of import.
    pub files: Vec<SourceFile>,
    /// Names of the NDJSON files that are not read, since they hold other resources.
    pub left_out: Vec<String>,
}

/// Why a folder is not imported.
#[derive(Debug, Error)]
pub enum SourcesError {
    /// It cannot be read.
    #[error("cannot read the folder `{folder}`: {error}")]
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Nothing in it is read.
    #[error(
        "no `Patient.ndjson`, `Patient.ndjson.gz` or the like in `{0}`: name the folder that holds the export"
    )]
    Empty(PathBuf),
    /// A file and its compressed copy: reading both would take everything twice.
    #[error("`{0}` is there both plain and compressed: keep one")]
    Twice(String),
}

/// The files of a FHIR R4 bulk export: `Patient.ndjson`, or `Patient.000.ndjson` and so on, each plain or `.gz`.
///
/// # Errors
/// A folder that cannot be read or holds nothing to read, or a file that is there in two copies.
pub fn files(folder: &Path) -> Result<Sources, SourcesError> {
    let unreadable = |error| SourcesError::Unreadable { folder: folder.to_owned(), error };
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(name) = path.file_name().and_then(OsStr::to_str).and_then(Name::parse) else { continue };
        let facts = fs::metadata(&path).map_err(unreadable)?;
        match name.kind {
            _ if !facts.is_file() => {}
            Some(kind) => {
                let file =
                    SourceFile { kind, compressed: name.compressed, bytes: facts.len(), path: path.clone() };
                found.push((kind, name.part, file));
            }
            None => left_out.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned()),
        }
    }
    if found.is_empty() {
        return Err(SourcesError::Empty(folder.to_owned()));
    }
    found.sort_by(|(kind, part, file), other| {
        (kind, part, &file.path).cmp(&(&other.0, &other.1, &other.2.path))
    });
    left_out.sort();
    if let Some(pair) = found.windows(2).find(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1)) {
        return Err(SourcesError::Twice(pair[0].2.name()));
    }
    Ok(Sources { files: found.into_iter().map(|(_, _, file)| file).collect(), left_out })
}

/// The parts of `Patient.000.ndjson.gz`.
struct Name {
    kind: Option<Kind>,
    part: Option<u64>,
    compressed: bool,
}

impl Name {
    fn parse(name: &str) -> Option<Self> {
        let (name, compressed) = name.strip_suffix(".gz").map_or((name, false), |plain| (plain, true));
        let stem = name.strip_suffix(".ndjson")?;
        let (resource, part) = match stem.split_once('.') {
            Some((resource, part)) => (resource, part.parse().ok()),
            None => (stem, None),
        };
        let known = stem == resource || part.is_some();
        let kind = Kind::ALL.into_iter().find(|kind| known && kind.name() == resource);
        Some(Self { kind, part, compressed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    #[test]
    fn files_come_in_the_order_of_import_and_strangers_are_named() {
        let folder = folder_of(&[
            "Observation.10.ndjson",
            "Observation.9.ndjson.gz",
            "Patient.000.ndjson",
            "Organization.ndjson.gz",
            "Claim.ndjson",
            "Patient.old.ndjson",
            "README.md",
        ]);
        let sources = files(folder.path()).unwrap();
        let names: Vec<_> = sources.files.iter().map(SourceFile::name).collect();
        let order = [
            "Organization.ndjson.gz",
            "Patient.000.ndjson",
            "Observation.9.ndjson.gz",
            "Observation.10.ndjson",
        ];
        assert_eq!(names, order);
        assert_eq!(sources.left_out, ["Claim.ndjson", "Patient.old.ndjson"]);
    }

    #[test]
    fn a_folder_without_an_export_or_with_two_copies_of_one_file_is_refused() {
        assert!(matches!(files(folder_of(&["Claim.ndjson"]).path()), Err(SourcesError::Empty(_))));
        let copies = folder_of(&["Patient.ndjson", "Patient.ndjson.gz"]);
        assert!(matches!(files(copies.path()), Err(SourcesError::Twice(_))));
        assert!(matches!(files(&copies.path().join("missing")), Err(SourcesError::Unreadable { .. })));
    }
}

//! What other systems bring: a hospital's export in FHIR R4.

pub mod fhir;
mod import;

pub use import::{FileReport, ImportError, Progress, Refusal, Report, import};

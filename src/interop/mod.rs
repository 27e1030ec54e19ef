//! FHIR in and out.

pub mod fhir;

//! The product through its GraphQL API, as each role sees it, on every database.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../support/hospital.rs"]
mod hospital;
#[path = "../support/mod.rs"]
mod support;

mod dispensing;
mod playground;
mod story;

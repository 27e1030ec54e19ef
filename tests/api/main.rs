//! The product through its GraphQL API, as each role sees it, on every database.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../support/hospital.rs"]
mod hospital;
#[path = "../support/planted.rs"]
mod planted;
#[path = "../support/sdl.rs"]
mod sdl;
#[path = "../support/mod.rs"]
mod support;

mod access_matrix;
mod dispensing;
mod errors;
mod playground;
mod schema;
mod story;

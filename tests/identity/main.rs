//! Who gets in, and who does not: enrolment, login, sessions and keys, on every database; and the attacks that broke
//! the predecessor's authentication.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "../support/people.rs"]
mod people;
#[path = "../support/mod.rs"]
mod support;

mod administrator;
mod enrolment;
mod keys;
mod login;
mod sessions;

//! The ledger on both databases: what it promises to those who write and read. What it says to those who tamper is in
//! `attacks_ledger.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::match_same_arms,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "tests"
)]

#[path = "../support/mod.rs"]
mod support;

mod chain;
mod group_commit;
mod many_writers;
mod opening;
mod processes;
mod subjects;

use entity::epoch;
use medicrypt::ledger::{By, Draft, Ledger, Outcome, Verdict};
use uuid::Uuid;

/// An entry without any meaning.
fn draft() -> Draft {
    Draft::new(By::System, "TEST", Outcome::Done)
}

/// The smallest protected row.
fn numbered(number: i64) -> epoch::Model {
    epoch::Model { id: Uuid::new_v4(), number, opened_ms: 1, closed_ms: None, version: 1, tag: Vec::new() }
}

/// Verifies that nothing is wrong.
async fn sound(ledger: &Ledger) -> Verdict {
    let verdict = ledger.verify(|_| {}).await.unwrap();
    assert_eq!(verdict.first_fault, None);
    verdict
}

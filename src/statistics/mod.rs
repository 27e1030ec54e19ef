//! Statistics over vitals that nobody has to open a record for: encrypted one by one, summed as ciphertexts, released
//! with noise and against a budget. The exact total exists nowhere, not even here: noise is added under encryption.
//!
//! ```text
//! Vitals::encrypt ─ vital rows ─ close_epoch ─ statistic_sum ─ statistic ─ charge ─ Decryptor ─ noisy answer, stored
//! ```
//!
//! The room reads and writes its own tables (budget, release, `statistic_sum`, epoch) and reads `vital`. All its ids are
//! derived, so a row that was deleted is missed.
//!
//! To add a metric, see [`metric`]. To add a kind of question: 1. a variant of [`Kind`], 2. its noise, reading and estimate in `plan.rs`. To add a cohort: 1. a
//! label in `sums.rs`, 2. a field of [`Question`] that goes into its canonical form.

mod budget;
mod decryptor;
mod epoch;
mod error;
mod found;
mod held;
pub mod metric;
mod noise;
mod payload;
mod plan;
mod statistic;
mod sums;
mod vital;

use std::sync::Arc;

use crypto::paillier::PublicKey;
use tokio::sync::Mutex;

use crate::{
    keyring::{Keyring, Unsealer},
    ledger::Ledger,
    store::Store,
};

pub use budget::{Left, Limits};
pub use decryptor::Decryptor;
pub use error::StatisticsError;
pub use metric::Metric;
pub use payload::Kind;
pub use statistic::{Answer, Loss, Question};
pub use sums::SumVerdict;
pub use vital::{LAYOUT, Measured, Vitals};

/// The statistics of one installation.
pub struct Statistics {
    store: Arc<Store>,
    keyring: Arc<Keyring>,
    unsealer: Unsealer,
    ledger: Ledger,
    limits: Limits,
    key: PublicKey,
    decryptor: Arc<Decryptor>,
    /// One charge at a time on this node: the others would only conflict with it.
    charging: Mutex<()>,
    /// One closing at a time on this node.
    closing: Mutex<()>,
}

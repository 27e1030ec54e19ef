//! MediCrypt: a hospital's medical-record and prescription server that enforces privacy with cryptography.
//!
//! One stack of layers, imports only downwards; see `ARCHITECTURE.md`.

pub mod keyring;
pub mod ledger;
pub mod store;

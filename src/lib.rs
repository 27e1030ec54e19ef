//! MediCrypt: a hospital's medical-record and prescription server that enforces privacy with cryptography.
//!
//! One stack of layers, imports only downwards; see `ARCHITECTURE.md`.

pub mod access;
pub mod cli;
pub mod clinic;
pub mod graph;
pub mod identity;
pub mod interop;
pub mod keyring;
pub mod ledger;
pub mod roles;
pub mod schema;
pub mod server;
pub mod statistics;
pub mod store;
pub mod vault;
pub mod world;

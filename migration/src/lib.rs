//! The schema of both databases, on SQLite and PostgreSQL. Written out column by column, not derived from the
//! entities, so that an old migration stays what it was; a test holds the two against each other.
//!
//! To change the schema: add a file `mYYYYMMDD_NNNNNN_subject.rs`, list it in [`Main`] or [`KeyStore`],
//! change the entity. Never edit a migration that has been released.

use sea_orm_migration::prelude::*;

mod m20261122_000001_keystore;
mod m20261122_000001_people;
mod m20261122_000002_access;
mod m20261122_000003_clinic;
mod m20261122_000004_ledger;
mod m20261122_000005_statistics;
mod words;

/// The main database: everything but keys.
#[derive(Debug)]
pub struct Main;

#[async_trait::async_trait]
impl MigratorTrait for Main {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_people::Migration),
            Box::new(m20261122_000002_access::Migration),
            Box::new(m20261122_000003_clinic::Migration),
            Box::new(m20261122_000004_ledger::Migration),
            Box::new(m20261122_000005_statistics::Migration),
        ]
    }
}

/// The key store: a file of its own on SQLite, a schema or database of its own on PostgreSQL. Both migrators
/// keep their history in a table of the same name, so they must never run in the same place.
#[derive(Debug)]
pub struct KeyStore;

#[async_trait::async_trait]
impl MigratorTrait for KeyStore {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261122_000001_keystore::Migration)]
    }
}

//! The two databases: connections, settings, and the one write transaction that is handed upwards.
//!
//! SQLite lives in a data directory (`medicrypt.db`, and the key store apart in `keys.db`); PostgreSQL
//! keeps the key store in a schema of its own. Readers cannot write: the database itself refuses it.
//! Nothing above this room knows which of the two is underneath, but for [`Backend`] where locking differs.
//!
//! To add a table: a migration, an entity, and, if anything decides on it, `protected!` in the entity crate.

mod connect;
mod surroundings;

use std::path::PathBuf;

use sea_orm::{
    AccessMode, DatabaseConnection, DatabaseTransaction, DbErr, IsolationLevel, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

pub use surroundings::{Clock, Strength, Surroundings, SystemClock};

/// Where a hospital's data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A directory with two SQLite files in it.
    Sqlite(PathBuf),
    /// A PostgreSQL database, `postgres://…`; the key store is its schema `keystore`.
    Postgres(String),
}

/// Which database is underneath.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One writer at a time.
    Sqlite,
    /// Many writers, many nodes.
    Postgres,
}

/// What can go wrong in a database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or was not reachable.
    #[error("database: {0}")]
    Database(#[from] DbErr),
    /// The data directory could not be made or read.
    #[error("data directory `{0}`: {1}")]
    Directory(PathBuf, std::io::Error),
}

impl StoreError {
    /// Whether the same transaction may succeed when tried again (SQLSTATE 40001 and 40P01, SQLite busy).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let Self::Database(DbErr::Exec(RuntimeErr::SqlxError(e)) | DbErr::Query(RuntimeErr::SqlxError(e))) =
            self
        else {
            return false;
        };
        e.as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| matches!(code.as_ref(), "40001" | "40P01" | "5" | "517"))
    }
}

/// The open databases of one installation.
#[derive(Debug)]
pub struct Store {
    readers: DatabaseConnection,
    writer: DatabaseConnection,
    keys: DatabaseConnection,
    backend: Backend,
}

impl Store {
    /// Opens, and brings both schemas up to date.
    ///
    /// # Errors
    /// Where the directory or a database cannot be opened or migrated.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        connect::open(location).await
    }

    /// The reading side. Writing through it is refused by the database.
    #[must_use]
    pub fn read(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// The key store, apart from everything else.
    #[must_use]
    pub fn keys(&self) -> &DatabaseConnection {
        &self.keys
    }

    /// Which database this is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Begins the write transaction. Only the ledger's writer calls this: nothing is committed without it.
    ///
    /// # Errors
    /// Where the database is not reachable or busy for longer than its time-out.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(Tx { inner: self.writer.begin_with_options(options).await?, backend: self.backend })
    }

    /// A reader that sees one moment only, however long it reads. Takes one of the reading connections.
    ///
    /// # Errors
    /// As of the database.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction, StoreError> {
        let options = match self.backend {
            // A SQLite transaction is a snapshot from its first statement on.
            Backend::Sqlite => TransactionOptions::default(),
            Backend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        };
        Ok(self.readers.begin_with_options(options).await?)
    }

    /// Closes every connection after what is under way.
    pub async fn close(&self) {
        for connection in [&self.readers, &self.writer, &self.keys] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(%error, "a connection did not close");
            }
        }
    }
}

/// One write transaction. Dropped without [`Tx::commit`], it rolls back.
#[derive(Debug)]
pub struct Tx {
    inner: DatabaseTransaction,
    backend: Backend,
}

impl Tx {
    /// What entities execute on.
    #[must_use]
    pub fn connection(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Which database this is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// A savepoint inside: rolled back alone when dropped, kept by [`Tx::commit`].
    ///
    /// # Errors
    /// As of the database.
    pub async fn savepoint(&self) -> Result<Self, StoreError> {
        Ok(Self { inner: self.inner.begin().await?, backend: self.backend })
    }

    /// Makes it durable (or releases the savepoint).
    ///
    /// # Errors
    /// As of the database; nothing is then written.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit().await?)
    }

    /// Takes everything back.
    ///
    /// # Errors
    /// As of the database.
    pub async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.inner.rollback().await?)
    }
}

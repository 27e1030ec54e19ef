//! Opening: settings of each connection, and migration.

use std::{path::Path, time::Duration};

use migration::{KeyStore, Main};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait as _;

use super::{Backend, Location, Store, StoreError};

const READERS: u32 = 4;
const POSTGRES_WRITERS: u32 = 16;
const BUSY_SECONDS: u64 = 30;

pub(super) async fn open(location: &Location) -> Result<Store, StoreError> {
    match location {
        Location::Sqlite(directory) => sqlite(directory).await,
        Location::Postgres(url) => postgres(url).await,
    }
}

async fn sqlite(directory: &Path) -> Result<Store, StoreError> {
    make_private(directory).map_err(|e| StoreError::Directory(directory.to_owned(), e))?;
    let main = directory.join("medicrypt.db");
    let writer = sqlite_file(&main, 1, false).await?;
    let keys = sqlite_file(&directory.join("keys.db"), 2, false).await?;
    Main::up(&writer, None).await?;
    KeyStore::up(&keys, None).await?;
    let readers = sqlite_file(&main, READERS, true).await?;
    Ok(Store { readers, writer, keys, backend: Backend::Sqlite })
}

/// WAL with `synchronous=FULL`: NORMAL loses acknowledged writes in a power cut. `secure_delete` overwrites.
async fn sqlite_file(
    file: &Path,
    connections: u32,
    read_only: bool,
) -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    ageless(&mut options).max_connections(connections).min_connections(1).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
            .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(BUSY_SECONDS))
            .pragma("secure_delete", "ON")
            .pragma("temp_store", "MEMORY")
            .pragma("query_only", if read_only { "ON" } else { "OFF" })
    });
    Ok(Database::connect(options).await?)
}

async fn postgres(url: &str) -> Result<Store, StoreError> {
    migrate_postgres(url).await?;
    let writer = postgres_pool(url, POSTGRES_WRITERS, "public", false).await?;
    let keys = postgres_pool(url, 2, "keystore", false).await?;
    let readers = postgres_pool(url, POSTGRES_WRITERS, "public", true).await?;
    Ok(Store { readers, writer, keys, backend: Backend::Postgres })
}

/// Nodes that start together migrate one after the other: the lock is held by a connection of its own.
async fn migrate_postgres(url: &str) -> Result<(), StoreError> {
    let gate = postgres_pool(url, 1, "public", false).await?;
    gate.execute_unprepared("SELECT pg_advisory_lock(7023374)").await?;
    gate.execute_unprepared("CREATE SCHEMA IF NOT EXISTS keystore").await?;
    let main = postgres_pool(url, 1, "public", false).await?;
    let keys = postgres_pool(url, 1, "keystore", false).await?;
    Main::up(&main, None).await?;
    KeyStore::up(&keys, None).await?;
    // Closing the gate's only connection lets the lock go.
    for connection in [main, keys, gate] {
        connection.close().await?;
    }
    Ok(())
}

async fn postgres_pool(
    url: &str,
    connections: u32,
    schema: &'static str,
    read_only: bool,
) -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new(url);
    ageless(&mut options).max_connections(connections).min_connections(1).sqlx_logging(false);
    options.map_sqlx_postgres_opts(move |postgres| {
        postgres.options([
            ("search_path", schema),
            ("default_transaction_read_only", if read_only { "on" } else { "off" }),
        ])
    });
    Ok(Database::connect(options).await?)
}

/// Connections neither idle out nor age: with either limit sqlx 0.9.0 runs a task over its count of idle connections, which
/// can be read while it wraps below zero; the task then turns for ever on one core. A dead connection is found when it is
/// taken from the pool.
fn ageless(options: &mut ConnectOptions) -> &mut ConnectOptions {
    options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>)
}

/// The data directory is its owner's alone.
fn make_private(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

//! The database administrator: may do anything to the database, and has none of the keys.

use sea_orm::{ConnectOptions, ConnectionTrait as _, Database as Connect, DatabaseConnection};
use uuid::Uuid;

use super::{Location, TestDb, replace_folder};

/// A row, put aside.
pub(crate) struct Aside {
    table: String,
    id: Uuid,
    copy: String,
}

impl TestDb {
    /// Runs statements on a connection of its own that heeds no foreign key; how many rows the last one touched.
    pub(crate) async fn as_dba(&self, sql: &str) -> u64 {
        let connection = self.dba().await;
        let done = connection
            .execute_unprepared(sql)
            .await
            .unwrap_or_else(|error| panic!("{self}: `{sql}`: {error}"));
        connection.close().await.unwrap();
        done.rows_affected()
    }

    /// That connection, for reading and for more than one statement; to be closed by the caller.
    pub(crate) async fn dba(&self) -> DatabaseConnection {
        match &self.location {
            Location::Sqlite(directory) => {
                let file = directory.join("medicrypt.db");
                connect(
                    &format!("sqlite://{}", file.display()),
                    "PRAGMA foreign_keys = OFF; PRAGMA busy_timeout = 30000",
                )
                .await
            }
            Location::Postgres(url) => connect(url, "SET session_replication_role = replica").await,
        }
    }

    /// An id as this database writes it in SQL.
    pub(crate) fn id(&self, id: Uuid) -> String {
        match self.location {
            Location::Sqlite(_) => format!("X'{}'", id.simple()),
            Location::Postgres(_) => format!("'{id}'"),
        }
    }

    /// Bytes as this database writes them in SQL.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> String {
        let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        match self.location {
            Location::Sqlite(_) => format!("X'{hex}'"),
            Location::Postgres(_) => format!("'\\x{hex}'"),
        }
    }

    /// Copies a row as it is now, to be put back later by [`TestDb::put_back`].
    pub(crate) async fn put_aside(&self, table: &str, id: Uuid) -> Aside {
        let copy = format!("aside_{}", Uuid::new_v4().simple());
        self.as_dba(&format!("CREATE TABLE {copy} AS SELECT * FROM {table} WHERE id = {}", self.id(id)))
            .await;
        Aside { table: table.to_owned(), id, copy }
    }

    /// The row as it was, in place of what is there now, or again where nothing is there.
    pub(crate) async fn put_back(&self, row: &Aside) {
        let Aside { table, id, copy } = row;
        let id = self.id(*id);
        self.as_dba(&format!(
            "DELETE FROM {table} WHERE id = {id}; INSERT INTO {table} SELECT * FROM {copy}"
        ))
        .await;
    }

    /// Takes a backup of the main database, without the key store's. The rooms must be closed.
    pub(crate) async fn back_up(&self) -> Backup {
        match (&self.location, &self.owned) {
            (Location::Sqlite(data), _) => {
                let copy = self.home.join(Uuid::new_v4().to_string());
                replace_folder(data, &copy);
                Backup::Folder(copy)
            }
            (Location::Postgres(_), Some(super::Owned { database: Some(database), .. })) => {
                let copy = format!("{}_copy", database.name);
                database.on_server(&format!("CREATE DATABASE {copy} TEMPLATE {}", database.name)).await;
                Backup::Database(Database { server: database.server.clone(), name: copy })
            }
            _ => panic!("the database is another process's"),
        }
    }

    /// Restores it whole. The rooms must be closed.
    pub(crate) async fn restore(&self, backup: &Backup) {
        match (&self.location, backup, &self.owned) {
            (Location::Sqlite(data), Backup::Folder(copy), _) => replace_folder(copy, data),
            (_, Backup::Database(copy), Some(super::Owned { database: Some(database), .. })) => {
                database.on_server(&format!("DROP DATABASE {} WITH (FORCE)", database.name)).await;
                database
                    .on_server(&format!("CREATE DATABASE {} TEMPLATE {}", database.name, copy.name))
                    .await;
            }
            _ => panic!("the backup is of another kind of database"),
        }
    }
}

/// A whole older copy.
pub(crate) enum Backup {
    Folder(std::path::PathBuf),
    Database(Database),
}

impl Drop for Backup {
    fn drop(&mut self) {
        if let Self::Database(database) = self {
            database.remove();
        }
    }
}

/// A PostgreSQL database and how its server is reached.
pub(crate) struct Database {
    pub(super) server: String,
    pub(super) name: String,
}

impl Database {
    pub(super) async fn create(&self) {
        self.on_server(&format!("CREATE DATABASE {}", self.name)).await;
    }

    /// `postgres://…/NAME?…`, from the server's own with another name.
    pub(super) fn url(&self) -> String {
        let (path, query) = self
            .server
            .split_once('?')
            .map_or((self.server.as_str(), String::new()), |(path, query)| (path, format!("?{query}")));
        let (host, _) = path.rsplit_once('/').expect("MEDICRYPT_TEST_POSTGRES ends with a database's name");
        format!("{host}/{}{query}", self.name)
    }

    /// On a thread with a runtime of its own: a value is dropped where nothing can be awaited.
    pub(super) fn remove(&self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(self.on_server(&statement));
            });
        });
    }

    async fn on_server(&self, sql: &str) {
        let connection = connect(&self.server, "SELECT 1").await;
        connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("`{sql}`: {error}"));
        connection.close().await.unwrap();
    }
}

async fn connect(url: &str, first: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    // As the server's own connections: see `store/connect.rs`.
    options.idle_timeout(None::<std::time::Duration>).max_lifetime(None::<std::time::Duration>);
    options.max_connections(1).sqlx_logging(false);
    let connection = Connect::connect(options).await.unwrap();
    connection.execute_unprepared(first).await.unwrap();
    connection
}

//! Fresh databases for a test: SQLite always, PostgreSQL where `MEDICRYPT_TEST_POSTGRES` names a server.

use std::{fs::OpenOptions, io::Write, process};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

/// The two places of an installation, both empty.
#[derive(Clone)]
pub(crate) struct Places {
    pub(crate) main: DatabaseConnection,
    pub(crate) keys: DatabaseConnection,
}

/// Runs a test on each database; `name` is the test's own, and part of its database's name.
pub(crate) async fn on_each<F>(name: &str, test: fn(Places) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    test(Places { main: in_memory().await, keys: in_memory().await }).await;
    match setting("MEDICRYPT_TEST_POSTGRES") {
        Some(server) => on_postgres(&server, name, test).await,
        None => skip(&format!("SKIPPED: {name} on PostgreSQL, because MEDICRYPT_TEST_POSTGRES is not set")),
    }
}

async fn in_memory() -> DatabaseConnection {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    ageless(&mut options);
    Database::connect(options).await.unwrap()
}

async fn on_postgres<F>(server: &str, name: &str, test: fn(Places) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let database = format!("medicrypt_{name}_{}", process::id());
    let (server_part, query) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) =
        server_part.rsplit_once('/').expect("MEDICRYPT_TEST_POSTGRES ends with a database's name");
    let url = format!("{host}/{database}?{query}");

    let admin = connect(server, "public").await;
    admin.execute_unprepared(&format!("CREATE DATABASE {database}")).await.unwrap();
    let places = Places { main: connect(&url, "public").await, keys: connect(&url, "keystore").await };
    places.main.execute_unprepared("CREATE SCHEMA keystore").await.unwrap();

    // As a task of its own, so that a failing test still leaves no database behind.
    let outcome = tokio::spawn(test(places)).await;
    admin.execute_unprepared(&format!("DROP DATABASE {database} WITH (FORCE)")).await.unwrap();
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure.into_panic());
    }
}

async fn connect(url: &str, schema: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(2).set_schema_search_path(schema).sqlx_logging(false);
    ageless(&mut options);
    Database::connect(options).await.unwrap()
}

/// Says loudly that something was not tested, also to whoever collects that.
fn skip(line: &str) {
    eprintln!("{line}");
    if let Some(path) = setting("MEDICRYPT_TEST_SKIPS") {
        let mut skips = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(skips, "{line}").unwrap();
    }
}

#[allow(clippy::disallowed_methods, reason = "tests read their environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// As the server's own connections: see its `store/connect.rs`.
fn ageless(options: &mut ConnectOptions) {
    options.idle_timeout(None::<std::time::Duration>).max_lifetime(None::<std::time::Duration>);
}

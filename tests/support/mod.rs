//! What the tests of rooms stand on: fresh databases of both kinds, opened rooms, a clock that can be set, and a
//! database administrator without the keys.
//!
//! ```ignore
//! mod support;
//! for db in support::databases().await {
//!     let rooms = support::open(&db).await;
//!     …
//! }
//! ```
//!
//! SQLite is always there. PostgreSQL is where `MEDICRYPT_TEST_POSTGRES` names a server, else it is skipped aloud, and a
//! line about it goes to the file that `MEDICRYPT_TEST_SKIPS` names.
#![allow(dead_code, reason = "not every test file uses every helper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod dba;

use std::{
    fmt, fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};

use medicrypt::{
    keyring::{Keyring, Master, Unsealer},
    ledger::{Ledger, LedgerError},
    store::{Clock, Location, Store, Strength, Surroundings, SystemClock},
};

/// Stands for the Paillier public key where no sums are made.
pub(crate) const PAILLIER_PUBLIC: &[u8] = b"no sums are made in this test";

/// An empty place for one installation. Dropped, it takes its files and its database along.
pub(crate) struct TestDb {
    location: Location,
    home: PathBuf,
    /// None where another process owns the place.
    owned: Option<Owned>,
}

/// A fresh place on each database there is.
pub(crate) async fn databases() -> Vec<TestDb> {
    let mut databases = vec![sqlite()];
    match setting("MEDICRYPT_TEST_POSTGRES") {
        Some(server) => databases.push(postgres(&server).await),
        None => skip(&format!("{} on PostgreSQL, because MEDICRYPT_TEST_POSTGRES is not set", this_test())),
    }
    databases
}

/// A fresh place on SQLite.
pub(crate) fn sqlite() -> TestDb {
    let folder = folder();
    let home = folder.path().to_owned();
    TestDb {
        location: Location::Sqlite(home.join("data")),
        home,
        owned: Some(Owned { _folder: folder, database: None }),
    }
}

async fn postgres(server: &str) -> TestDb {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("medicrypt_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let database = dba::Database { server: server.to_owned(), name };
    database.create().await;
    let folder = folder();
    let (location, home) = (Location::Postgres(database.url()), folder.path().to_owned());
    TestDb { location, home, owned: Some(Owned { _folder: folder, database: Some(database) }) }
}

impl TestDb {
    /// Where its data is.
    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    /// The directory of its master secret.
    pub(crate) fn master(&self) -> PathBuf {
        self.home.join("master")
    }

    /// The directory of its checkpoints, outside the database.
    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.home.join("checkpoints")
    }

    /// All that another process needs to open the same place by [`TestDb::attach`].
    pub(crate) fn address(&self) -> String {
        let (kind, place) = match &self.location {
            Location::Sqlite(directory) => ("sqlite", directory.display().to_string()),
            Location::Postgres(url) => ("postgres", url.clone()),
        };
        format!("{kind}\n{place}\n{}", self.home.display())
    }

    /// The place of another process, which stays its owner.
    pub(crate) fn attach(address: &str) -> Self {
        let [kind, place, home] =
            address.lines().collect::<Vec<_>>().try_into().expect("an address has three lines");
        let location = match kind {
            "sqlite" => Location::Sqlite(place.into()),
            _ => Location::Postgres(place.to_owned()),
        };
        Self { location, home: home.into(), owned: None }
    }
}

impl fmt::Display for TestDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.location {
            Location::Sqlite(_) => "SQLite",
            Location::Postgres(_) => "PostgreSQL",
        })
    }
}

/// The lower rooms of one server process.
pub(crate) struct Rooms {
    pub(crate) store: Arc<Store>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) unsealer: Unsealer,
    pub(crate) ledger: Ledger,
}

/// Opens the place as a server by the machine's clock would, or founds it.
pub(crate) async fn open(db: &TestDb) -> Rooms {
    open_at(db, Arc::new(SystemClock)).await
}

/// The same by a clock of the test's.
pub(crate) async fn open_at(db: &TestDb, clock: Arc<dyn Clock>) -> Rooms {
    try_open(db, clock).await.unwrap_or_else(|error| panic!("{db} does not open: {error}"))
}

/// The same where a refusal is expected.
pub(crate) async fn try_open(db: &TestDb, clock: Arc<dyn Clock>) -> Result<Rooms, LedgerError> {
    let store = Arc::new(Store::open(db.location()).await?);
    let around = Surroundings::new(clock, Strength::TESTS);
    let (keyring, unsealer) = Keyring::open(store.clone(), around, &Master::Directory(db.master())).await?;
    let keyring = Arc::new(keyring);
    let ledger =
        Ledger::open(store.clone(), keyring.clone(), unsealer.clone(), db.checkpoints(), PAILLIER_PUBLIC)
            .await?;
    Ok(Rooms { store, keyring, unsealer, ledger })
}

impl Rooms {
    /// A graceful stop: the newest checkpoint covers everything, and no connection is left.
    pub(crate) async fn close(self) {
        self.ledger.settled().await.unwrap();
        self.store.close().await;
    }

    /// A stop and a start.
    pub(crate) async fn reopen(self, db: &TestDb) -> Self {
        self.close().await;
        open(db).await
    }
}

/// A clock that stands until it is set.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    /// Stands at this time, in milliseconds UTC.
    pub(crate) fn at(now_ms: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(now_ms)))
    }

    /// Sets it.
    pub(crate) fn set(&self, now_ms: i64) {
        self.0.store(now_ms, Ordering::SeqCst);
    }

    /// Moves it on, or back.
    pub(crate) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Says loudly that something was not tested, also to whoever collects that.
pub(crate) fn skip(why: &str) {
    eprintln!("SKIPPED: {why}");
    if let Some(file) = setting("MEDICRYPT_TEST_SKIPS") {
        let mut skips = fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
        // One write, so that the lines of tests side by side don't mix.
        skips.write_all(format!("SKIPPED: {why}\n").as_bytes()).unwrap();
    }
}

/// An environment variable that is set and not empty.
#[allow(clippy::disallowed_methods, reason = "tests read their environment")]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The test harness names each test's thread after it.
fn this_test() -> String {
    std::thread::current().name().unwrap_or("a test").to_owned()
}

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("medicrypt-test-").tempdir().unwrap()
}

/// What goes with a [`TestDb`].
struct Owned {
    database: Option<dba::Database>,
    _folder: tempfile::TempDir,
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(database) = &self.database {
            database.remove();
        }
    }
}

/// What `path` holds, copied over what `to` held.
fn replace_folder(path: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

//! Who steals the database, its write-ahead log and the key store finds no word of what was imported.

use std::{fs, path::Path};

use medicrypt::{store::Location, world::World};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};

use crate::{
    export::{self, word},
    import, support, world,
};

#[tokio::test(flavor = "multi_thread")]
async fn no_planted_word_is_in_any_byte_that_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    export::planted(folder.path());
    for db in support::databases().await {
        let world = world(&db).await;
        import(&world, folder.path()).await;
        let mut stored = Vec::new();
        match db.location() {
            Location::Sqlite(data) => {
                files(data, &mut stored);
                assert!(fs::read_dir(data).unwrap().count() >= 4, "the write-ahead logs are looked at too");
            }
            Location::Postgres(_) => tables(&world, &mut stored).await,
        }
        world.close().await.unwrap();
        if let Location::Sqlite(data) = db.location() {
            files(data, &mut stored);
        }
        files(&db.checkpoints(), &mut stored);
        let stored = stored.to_ascii_lowercase();
        let is_stored = |text: &str| {
            let text = text.to_ascii_lowercase();
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            [text.as_bytes(), hex.as_bytes()].iter().any(|needle| contains(&stored, needle))
        };
        // A search that finds what is there to be found.
        assert!(is_stored("IMPORTED") && is_stored("8867-4") && is_stored("HISTORICAL"), "{db}");
        for word in word::ALL {
            assert!(!is_stored(word), "{db}: `{word}` is readable");
        }
    }
}

fn files(folder: &Path, stored: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap() {
        stored.extend(fs::read(entry.unwrap().path()).unwrap());
    }
}

/// Every column of every table of both schemas as text, bytes in hexadecimal.
async fn tables(world: &World, stored: &mut Vec<u8>) {
    let names = "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables \
                 WHERE schemaname IN ('public', 'keystore')";
    for table in texts(world.store.read(), names).await {
        for row in texts(world.store.read(), &format!("SELECT t::text FROM {table} t")).await {
            stored.extend(row.into_bytes());
        }
    }
}

async fn texts(connection: &DatabaseConnection, query: &str) -> Vec<String> {
    let statement = Statement::from_string(connection.get_database_backend(), query);
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

//! Several server processes, and one that is killed: this test program starts itself again as the other server.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use entity::ledger;
use medicrypt::store::Location;
use sea_orm::EntityTrait as _;

use crate::{draft, sound, support};

const ADDRESS: &str = "MEDICRYPT_TEST_CHILD";

/// A server process on the same place with so many writers, each appending so many entries. It prints one line per
/// acknowledged entry: index and hash.
fn child(db: &support::TestDb, writers: u32, each: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::the_other_process", "--nocapture", "--test-threads=1"])
        .env(ADDRESS, format!("{}\n{writers}\n{each}", db.address()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a child acknowledges, as it comes.
fn acknowledged(child: &mut Child) -> impl Iterator<Item = (i64, Vec<u8>)> + use<> {
    BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).filter_map(|line| {
        // The first stands behind the test's name; of a killed process the last may be half.
        let (_, acknowledged) = line.split_once("ACKNOWLEDGED ")?;
        let (index, hash) = acknowledged.split_once(' ')?;
        let hash: Vec<u8> = hash.strip_suffix('.')?.split('-').map(|byte| byte.parse().unwrap()).collect();
        Some((index.parse().unwrap(), hash))
    })
}

/// Does nothing unless it is started by [`child`].
#[tokio::test(flavor = "multi_thread")]
async fn the_other_process() {
    let Some(told) = support::setting(ADDRESS) else { return };
    let (rest, each) = told.rsplit_once('\n').unwrap();
    let (address, writers) = rest.rsplit_once('\n').unwrap();
    let each: u32 = each.parse().unwrap();
    let rooms = support::open(&support::TestDb::attach(address)).await;
    let writers = (0..writers.parse::<u32>().unwrap()).map(|_| {
        let ledger = rooms.ledger.clone();
        tokio::spawn(async move {
            for _ in 0..each {
                let receipt = ledger.append(vec![draft()]).await.unwrap()[0];
                let hash: Vec<String> = receipt.hash().iter().map(u8::to_string).collect();
                println!("ACKNOWLEDGED {} {}.", receipt.index(), hash.join("-"));
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    rooms.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_postgresql_make_one_chain() {
    for db in support::databases().await {
        if matches!(db.location(), Location::Sqlite(_)) {
            continue;
        }
        support::open(&db).await.close().await;
        let mut children = [child(&db, 4, 1_250), child(&db, 4, 1_250)];
        let readers = children.each_mut().map(|child| {
            let lines = acknowledged(child);
            std::thread::spawn(move || lines.collect::<Vec<_>>())
        });
        let mut places: Vec<_> = readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect();
        assert!(children.iter_mut().all(|child| child.wait().unwrap().success()), "a process failed");
        places.sort();
        assert!(places.iter().map(|(index, _)| *index).eq(1..=10_000), "a gap, or one place given twice");

        let rooms = support::open(&db).await;
        let verdict = sound(&rooms.ledger).await;
        assert_eq!(verdict.entries, 10_001);
        // They shared a directory of checkpoints: the newest must have stayed.
        let note =
            std::fs::read_to_string(db.checkpoints().join(medicrypt::ledger::CHECKPOINT_FILE)).unwrap();
        assert_eq!(crypto::checkpoint::verify(&note, rooms.ledger.vkey()).unwrap().root, verdict.root);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_loses_nothing_that_it_acknowledged() {
    for db in support::databases().await {
        support::open(&db).await.close().await;
        let mut before = 1;
        for entries in [1, 50, 400] {
            let mut server = child(&db, 4, u32::MAX);
            let mut lines = acknowledged(&mut server);
            let mut told: Vec<_> = lines.by_ref().take(entries).collect();
            assert_eq!(told.len(), entries, "{db}: the server stopped by itself");
            server.kill().unwrap();
            server.wait().unwrap();
            told.extend(lines);

            let rooms = support::open(&db).await;
            let found = sound(&rooms.ledger).await.entries;
            assert!(
                found >= before + told.len() as u64,
                "{db}: {found} entries, {before} before, {} told",
                told.len()
            );
            for (index, hash) in told {
                let leaf = ledger::Entity::find_by_id(index).one(rooms.store.read()).await.unwrap().unwrap();
                assert_eq!(leaf.hash, hash, "{db}");
            }
            before = found;
            rooms.close().await;
        }
    }
}

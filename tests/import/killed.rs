//! An import that is killed: this test program starts itself again as the import, and kills it at several moments.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
};

use entity::{care_relation, medical_record, patient, vital};
use medicrypt::{
    clinic::metric::Metric,
    interop::{self, Progress},
    world::World,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};

use crate::{assert_sound, export, import, rows, support, world};

const ADDRESS: &str = "MEDICRYPT_TEST_IMPORT";

/// Batches that the import is let finish before each kill: among patients, encounters, findings, measurements.
const KILLS: [usize; 5] = [1, 3, 2, 4, 3];

/// 900 patients with a visit each, 1 600 findings of them, one of four with a metric: 13 batches, and 5 read ahead.
fn large(folder: &Path) {
    export::write(folder, "Practitioner", [export::doctor("dr", "dr@staff.example", "D")]);
    export::write(folder, "PractitionerRole", [export::role("dr", "doctor", "none")]);
    let name = |n: usize| format!("p{}", n % 900);
    export::write(folder, "Patient", (0..900).map(|n| export::patient(&name(n))));
    let visit = |n: usize| export::encounter(&format!("e{n}"), &name(n), "dr", "2026-02-20T10:01:00Z");
    export::write(folder, "Encounter", (0..900).map(visit));
    let observation = |n: usize| {
        let id = format!("o{n}");
        if n.is_multiple_of(4) {
            export::heart_rate(&id, &name(n), 70)
        } else {
            export::finding(&id, &name(n), "Mood", "fair")
        }
    };
    export::write(folder, "Observation", (0..1_600).map(observation));
    export::write(
        folder,
        "MedicationRequest",
        (0..900).map(|n| export::medication(&format!("m{n}"), &name(n), Some("dr"))),
    );
}

fn child(db: &support::TestDb, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::the_other_process", "--nocapture", "--test-threads=1"])
        .env(ADDRESS, format!("{}\n{}", db.address(), folder.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Says aloud when a batch is durable.
struct Aloud;

impl Progress for Aloud {
    fn advance(&self, _: u64, lines: u64) {
        println!("DURABLE {lines}.");
        std::io::stdout().flush().unwrap();
    }
}

/// Does nothing unless it is started by [`child`].
#[tokio::test(flavor = "multi_thread")]
async fn the_other_process() {
    let Some(told) = support::setting(ADDRESS) else { return };
    let (address, folder) = told.rsplit_once('\n').unwrap();
    let world = world(&support::TestDb::attach(address)).await;
    interop::import(&world, Path::new(folder), &Aloud).await.unwrap();
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_leaves_whole_batches_and_the_next_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    large(folder.path());
    for db in support::databases().await {
        let mut before = [0; 7];
        // What is read ahead and what was there is told of as well, so later runs are let go further.
        for (run, batches) in KILLS.into_iter().enumerate() {
            let mut import = child(&db, folder.path());
            let lines = BufReader::new(import.stdout.take().unwrap()).lines().map_while(Result::ok);
            let heard = lines.filter(|line| line.contains("DURABLE")).take(5 + 2 * run + batches).count();
            import.kill().unwrap();
            import.wait().unwrap();
            assert!(heard > 5, "{db}: the import died by itself");

            let world = world(&db).await;
            assert_sound(&world).await;
            assert_whole(&world).await;
            let now = rows(&world).await;
            assert!(
                before.iter().zip(&now).all(|(before, now)| before <= now),
                "{db}: {before:?}, then {now:?}"
            );
            before = now;
            world.close().await.unwrap();
        }
        let world = world(&db).await;
        let report = import(&world, folder.path()).await;
        assert!(
            report.files.iter().any(|file| file.already_there > 0),
            "{db}: nothing was there of the killed runs"
        );
        assert!(report.files.iter().any(|file| file.taken > 0), "{db}: the killed runs left nothing to do");
        assert_eq!(rows(&world).await, [1, 900, 900, 900 + 1_200, 900 + 400, 1, 900], "{db}");
        assert_sound(&world).await;
        world.close().await.unwrap();
    }
}

/// What is written together is there together: a patient and the age, a visit and its doctor's relation to the patient.
async fn assert_whole(world: &World) {
    let read = world.store.read();
    let patients = patient::Entity::find().count(read).await.unwrap();
    let ages = vital::Entity::find()
        .filter(vital::Column::Metric.eq(Metric::Age.loinc()))
        .count(read)
        .await
        .unwrap();
    assert_eq!(patients, ages);
    let visits = medical_record::Column::AuthorId.is_not_null();
    let visits = medical_record::Entity::find().filter(visits).count(read).await.unwrap();
    assert_eq!(care_relation::Entity::find().count(read).await.unwrap(), visits);
    assert!(patients == 900 || patients % 400 == 0, "{patients} patients are no whole batches");
}

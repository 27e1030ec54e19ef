//! Imports of FHIR exports on both databases: every line accounted for, nothing taken twice, nothing half-written, nothing
//! readable in what is stored.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod content;
mod export;
mod killed;
mod refused;
mod secrecy;

use std::{path::Path, sync::Arc};

use entity::{
    account, care_relation, ledger, medical_record, medicine, patient, patient_profile, prescription, vital,
};
use medicrypt::{
    identity::Settings,
    interop::{self, Report},
    keyring::Master,
    schema,
    store::{Strength, Surroundings, SystemClock},
    world::{Opening, World},
};
use sea_orm::{EntityTrait, PaginatorTrait as _};

/// A whole server over the place, at the tests' small costs.
async fn world(db: &support::TestDb) -> World {
    let opening = Opening {
        location: db.location().clone(),
        master: Master::Directory(db.master()),
        checkpoints: db.checkpoints(),
        around: Surroundings::new(Arc::new(SystemClock), Strength::TESTS),
        identity: Settings::default(),
    };
    World::open(opening, schema::rules()).await.unwrap()
}

/// Imports, and holds every file's lines against what became of them.
async fn import(world: &World, folder: &Path) -> Report {
    let report = interop::import(world, folder, &()).await.unwrap();
    for file in &report.files {
        let told = file.taken + file.already_there + file.no_metric + file.for_others + file.refused;
        assert_eq!(file.lines, told, "{file:?}");
        assert_eq!(file.refused, file.refusals.len() as u64, "{file:?}");
    }
    report
}

/// How many rows there are: accounts, patients, relations, records, vitals, medicines, prescriptions.
async fn rows(world: &World) -> [u64; 7] {
    async fn count<E: EntityTrait<Model: Send + Sync>>(world: &World) -> u64 {
        E::find().count(world.store.read()).await.unwrap()
    }
    assert_eq!(count::<patient_profile::Entity>(world).await, 0, "a patient gets no account by an import");
    [
        count::<account::Entity>(world).await,
        count::<patient::Entity>(world).await,
        count::<care_relation::Entity>(world).await,
        count::<medical_record::Entity>(world).await,
        count::<vital::Entity>(world).await,
        count::<medicine::Entity>(world).await,
        count::<prescription::Entity>(world).await,
    ]
}

async fn entries(world: &World) -> u64 {
    ledger::Entity::find().count(world.store.read()).await.unwrap()
}

/// The chain holds, and every protected row is what the chain says.
async fn assert_sound(world: &World) {
    assert_eq!(world.ledger.verify(|_| {}).await.unwrap().first_fault, None);
    assert_eq!(world.ledger.verify_rows(|_, _| {}).await.unwrap(), []);
}

fn sample() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hospital")
}

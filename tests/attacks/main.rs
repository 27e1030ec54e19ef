//! The attack list: what broke the predecessor, and what a database administrator, a client or a stranger may try. Each
//! test is named after what must hold; `cargo xtask attacks` prints them. A DBA edits the database as it lies there and
//! has no key; what is written by [`rewrite`] has right tags and entries, so that what lies below them is tried too.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::type_complexity, reason = "tests")]

#[path = "../support/hospital.rs"]
mod hospital;
#[path = "../support/http.rs"]
mod http;
#[path = "../support/log.rs"]
mod log;
#[path = "../support/planted.rs"]
mod planted;
#[path = "../support/sdl.rs"]
mod sdl;
#[path = "../support/mod.rs"]
mod support;

mod confidentiality;
mod enumeration;
mod keys;
mod prescriptions;
mod records;
mod revocation;

use std::sync::Arc;

use medicrypt::{
    clinic::ClinicError,
    keyring::PatientKey,
    ledger::{By, Draft, Outcome, Row},
};
use sea_orm::{
    EntityTrait as _, QueryFilter as _,
    sea_query::{Alias, Expr, ExprTrait as _},
};
use uuid::Uuid;

use crate::hospital::Hospital;

/// Writes a row as the server itself would, with a right tag and an entry.
async fn rewrite<M: Row + 'static>(
    hospital: &Hospital,
    id: Uuid,
    change: impl Fn(&mut M) + Clone + Send + Sync + 'static,
) {
    let row =
        M::Entity::find().filter(Expr::col(Alias::new("id")).eq(id)).one(hospital.world.store.read()).await;
    let row = hospital.world.keyring.check(row.unwrap().unwrap()).unwrap();
    let written = hospital.world.write("rewrite", move |tx| {
        let (row, change) = (row.clone(), change.clone());
        Box::pin(async move {
            tx.update(&row, change).await?;
            tx.append(Draft::new(By::System, "REWRITTEN", Outcome::Done).with("table", M::TABLE));
            Ok::<_, ClinicError>(())
        })
    });
    written.await.unwrap();
}

/// Inserts one as the server itself would.
async fn insert<M: Row + 'static>(hospital: &Hospital, row: M) {
    let written = hospital.world.write("insert", move |tx| {
        let row = row.clone();
        Box::pin(async move {
            tx.insert(row).await?;
            tx.append(Draft::new(By::System, "INSERTED", Outcome::Done));
            Ok::<_, ClinicError>(())
        })
    });
    written.await.unwrap();
}

async fn key_of(hospital: &Hospital, patient: Uuid) -> Arc<PatientKey> {
    Arc::new(hospital.world.keyring.patient(patient).await.unwrap())
}

/// One fault as [`Hospital::faults`] has it.
fn fault(table: &str, row: Uuid, kind: &str) -> (String, Uuid, String) {
    (table.to_owned(), row, kind.to_owned())
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}

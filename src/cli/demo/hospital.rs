//! The demo's hospital: medicines, an import, wards for its doctors, and a patient who can log in.

use std::{collections::HashSet, path::Path};

use anyhow::{Context as _, Result};
use entity::{Role, care_relation, patient};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

use super::people::{self, CARDIOLOGIST, NEUROLOGIST};
use crate::{
    cli::{care, import, medicine, output::say, progress, user},
    identity::Staff,
    interop::Report,
    ledger::By,
    vault::payload::MedicineBody,
    world::World,
};

/// Code, name, strength, form, price in hundredths.
const MEDICINES: [(&str, &str, &str, &str, i64); 8] = [
    ("PARA500", "Paracetamol", "500 mg", "tablet", 250),
    ("AMOX250", "Amoxicillin", "250 mg", "capsule", 1500),
    ("ATOR20", "Atorvastatin", "20 mg", "tablet", 3000),
    ("METF500", "Metformin", "500 mg", "tablet", 850),
    ("AMLO5", "Amlodipine", "5 mg", "tablet", 1200),
    ("OMEP20", "Omeprazole", "20 mg", "capsule", 2200),
    ("LOSA50", "Losartan", "50 mg", "tablet", 1800),
    ("SALB100", "Salbutamol", "100 mcg", "inhaler", 5000),
];

macro_rules! embedded {
    ($folder:literal: $($kind:literal)*) => {
        &[$((concat!($kind, ".ndjson"), include_str!(concat!($folder, "/", $kind, ".ndjson")))),*]
    };
}

/// The sample hospital, in the program itself: name and content of each file.
const SAMPLE: &[(&str, &str)] = embedded!("../../../examples/hospital":
    "Organization" "Practitioner" "PractitionerRole" "Patient" "Encounter" "Condition" "Observation" "MedicationRequest");
/// The demo's own patient.
const HARSH: &[(&str, &str)] = embedded!("harsh": "Patient" "Encounter" "Condition" "Observation");
/// Patients whom one doctor of the demo treats, at most.
const WARD: usize = 40;

/// Makes everything that is not there yet.
pub(super) async fn fill(world: &World, fhir: Option<&Path>, keys: &Path) -> Result<()> {
    let bar = progress::spinner("making five keys");
    tokio::task::block_in_place(|| people::make_keys(world, keys))?;
    bar.finish_and_clear();

    let medicines = MEDICINES.map(|(code, name, strength, form, price)| MedicineBody {
        code: code.to_owned(),
        name: name.to_owned(),
        strength: strength.to_owned(),
        form: form.to_owned(),
        price_cents: Some(price),
    });
    medicine::add(world, &medicines).await?;

    let harsh = harsh(world).await?;
    let of_patient = user::of_patient(world, harsh).await?;
    for person in people::ALL {
        people::join(world, person, &of_patient, keys).await?;
    }

    say("importing a hospital; measurements are encrypted one by one");
    match fhir {
        Some(export) => import::fhir(world, export).await?,
        None => import_embedded(world, SAMPLE).await?,
    };
    for (doctor, ward) in [(&CARDIOLOGIST, "cardio"), (&NEUROLOGIST, "neuro")] {
        put_on_ward(world, doctor.username, ward, harsh).await?;
    }

    let bar = progress::spinner("adding up ciphertexts: closing the first epoch");
    world.statistics.close_epoch(By::System).await?;
    bar.finish_and_clear();
    Ok(())
}

/// The patient who can log in: the very first of the house, so that it is known who it is.
async fn harsh(world: &World) -> Result<Uuid> {
    if let Some(first) = patients(world, 2).await?.first() {
        return Ok(*first);
    }
    let report = import_embedded(world, HARSH).await?;
    anyhow::ensure!(
        report.files.iter().all(|file| file.refused == 0),
        "the demo's patient was not imported whole"
    );
    patients(world, 1).await?.first().copied().context("the demo's patient was not imported")
}

/// Gives a doctor of the demo the patients of a ward's doctors, and the demo's own patient. Where the import knows no such
/// ward, the first patients there are.
async fn put_on_ward(world: &World, doctor: &str, ward: &str, own: Uuid) -> Result<()> {
    let account = user::find(world, doctor).await?.id;
    let mut colleagues = Vec::new();
    for user in user::all(world).await?.iter().filter(|user| user.role == Role::Doctor && user.id != account)
    {
        if let Some(Staff::Doctor(details)) = world.identity.staff(user.id).await?
            && [&details.department, &details.specialty]
                .iter()
                .any(|words| words.to_lowercase().contains(ward))
        {
            colleagues.push(user.id);
        }
    }
    let mut treated = treated_by(world, &colleagues).await?;
    if treated.is_empty() {
        treated = patients(world, WARD as u64).await?;
    }
    let there: HashSet<Uuid> = treated_by(world, &[account]).await?.into_iter().collect();
    let own = std::iter::once(own).chain(treated.into_iter().filter(|patient| *patient != own).take(WARD));
    for patient in own.filter(|patient| !there.contains(patient)) {
        care::relate(world, account, patient).await?;
    }
    Ok(())
}

async fn treated_by(world: &World, accounts: &[Uuid]) -> Result<Vec<Uuid>> {
    let theirs = care_relation::Column::AccountId.is_in(accounts.iter().copied());
    let relations = care_relation::Entity::find().filter(theirs).all(world.store.read()).await?;
    let mut patients: Vec<Uuid> =
        world.keyring.check_all(relations)?.iter().map(|relation| relation.patient_id).collect();
    patients.sort();
    patients.dedup();
    Ok(patients)
}

async fn patients(world: &World, limit: u64) -> Result<Vec<Uuid>> {
    let ids = patient::Entity::find()
        .select_only()
        .column(patient::Column::Id)
        .order_by_asc(patient::Column::CreatedMs)
        .limit(limit);
    Ok(ids.into_tuple().all(world.store.read()).await?)
}

/// Imports what is in the program, by way of a folder that goes away again.
async fn import_embedded(world: &World, files: &[(&str, &str)]) -> Result<Report> {
    let folder = tempfile::tempdir()?;
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content)?;
    }
    import::fhir(world, folder.path()).await
}

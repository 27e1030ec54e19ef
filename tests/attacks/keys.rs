//! The key store: a master secret that is gone, exposed or wrong, and patients whose key is gone.

use std::{fs, os::unix::fs::PermissionsExt as _};

use medicrypt::{
    keyring::{KeyringError, master_file},
    store::Location,
    world::WorldError,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    hospital::{self, Client, Hospital, around, relate, try_world, uuid},
    prescriptions::Issued,
    support::{self, TestDb},
};

/// Why the server does not start.
async fn refusal(db: &TestDb) -> KeyringError {
    match try_world(db, around()).await {
        Err(WorldError::Keyring(error)) => error,
        Err(other) => panic!("{db}: another error: {other}"),
        Ok(_) => panic!("{db}: it opens"),
    }
}

/// Runs one statement in the key store.
async fn in_key_store(db: &TestDb, sql: &str) -> u64 {
    match db.location() {
        Location::Sqlite(data) => {
            let attach = format!("ATTACH DATABASE '{}' AS keystore", data.join("keys.db").display());
            db.as_dba(&format!("{attach}; {sql}")).await
        }
        Location::Postgres(_) => db.as_dba(sql).await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_master_secret_is_refused_and_never_made_anew() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        hospital.world.clone().close().await.unwrap();
        let file = master_file(&db.master(), 1);
        let secret = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert!(matches!(refusal(&db).await, KeyringError::MasterMissing(_)), "{db}");
        fs::remove_dir_all(db.master()).unwrap();
        assert!(matches!(refusal(&db).await, KeyringError::MasterMissing(_)), "{db}: with its directory");
        assert!(!db.master().exists(), "{db}: it was made anew");

        fs::create_dir(db.master()).unwrap();
        fs::write(&file, secret).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        hospital::world(&db, around()).await.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_secret_that_others_can_read_is_refused() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        hospital.world.clone().close().await.unwrap();
        let file = master_file(&db.master(), 1);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{db}: as it was made");
        for mode in [0o604, 0o640, 0o644, 0o666] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(refusal(&db).await, KeyringError::MasterExposed(_)), "{db}: {mode:o}");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        hospital::world(&db, around()).await.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_master_secret_is_refused_and_nothing_is_sealed_under_it() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        hospital.world.clone().close().await.unwrap();
        let file = master_file(&db.master(), 1);
        let secret = fs::read(&file).unwrap();
        let mut flipped = secret.clone();
        flipped[31] ^= 1;
        for wrong in [vec![7; 32], flipped] {
            fs::write(&file, wrong).unwrap();
            assert!(matches!(refusal(&db).await, KeyringError::WrongMaster), "{db}");
        }
        for unusable in [&secret[..31], &[secret.clone(), vec![b'\n']].concat()] {
            fs::write(&file, unusable).unwrap();
            assert!(matches!(refusal(&db).await, KeyringError::MasterUnusable(..)), "{db}");
        }
        fs::write(&file, secret).unwrap();
        let world = hospital::world(&db, around()).await;
        assert_eq!(world.ledger.verify_rows(|_, _| {}).await.unwrap(), [], "{db}");
        world.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_store_that_was_emptied_is_refused_and_never_made_anew() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        hospital.world.clone().close().await.unwrap();
        let file = master_file(&db.master(), 1);
        for (table, count) in [("system_key", 1), ("master_version", 1), ("patient_key", 2)] {
            let deleted = in_key_store(&db, &format!("DELETE FROM keystore.{table}")).await;
            assert!(deleted >= count, "{db}: {table}");
            assert!(matches!(refusal(&db).await, KeyringError::KeysMissing), "{db}: without {table}");
        }
        // Nor with the master secret gone as well.
        fs::remove_file(&file).unwrap();
        assert!(matches!(refusal(&db).await, KeyringError::KeysMissing), "{db}");
        assert!(!file.exists(), "{db}: it was made anew");
    }
}

/// The first error of opening a patient.
async fn unopened(doctor: &Client, patient: Uuid) -> String {
    doctor
        .refused("query($id: UUID!) { patient(id: $id) { identity { given } } }", json!({"id": patient}))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_whose_key_is_gone_is_unreadable_and_everything_else_works() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let other = hospital.other_patient_id;
        relate(&hospital.world, other, hospital.doctor.account).await;
        let gone = Issued::of(&hospital, 10).await;
        let draft = hospital.doctor.draft(other).await;
        hospital.doctor.issue(&draft, "AMX250", 10).await;
        let waiting = uuid(&draft["id"]);

        let erased =
            format!("DELETE FROM keystore.patient_key WHERE patient_id = {}", db.id(hospital.patient_id));
        assert_eq!(in_key_store(&db, &erased).await, 1, "{db}");
        assert_eq!(unopened(&hospital.doctor, hospital.patient_id).await, "NOT_FOUND", "{db}");
        assert_eq!(gone.dispensed(&hospital, 10).await, "NOT_FOUND", "{db}");
        for own in ["{ myProfile { given } }", "{ myAccessLog { edges { node { action } } } }"] {
            assert_eq!(hospital.patient.refused(own, json!({})).await, "NOT_FOUND", "{db}: {own}");
        }

        // Lists leave the patient out, the others are served, and the ledger proves all of it.
        let queue =
            hospital.pharmacist.ask("{ prescriptionQueue { edges { node { id } } } }", json!({})).await;
        assert_eq!(queue["prescriptionQueue"]["edges"], json!([{"node": {"id": waiting}}]), "{db}");
        let list = hospital.doctor.ask("{ treatedPatients { edges { node { id } } } }", json!({})).await;
        assert_eq!(list["treatedPatients"]["edges"], json!([{"node": {"id": other}}]), "{db}");
        assert_eq!(hospital.pharmacist.dispense(waiting, 10).await.unwrap()["left"], 0, "{db}");
        hospital.other_patient.ask("{ myAccessLog { edges { node { action } } } }", json!({})).await;
        hospital.admin.ask("{ auditLog { edges { node { action } } } }", json!({})).await;
        hospital.is_sound().await;

        // After a restart as well.
        hospital.world.clone().close().await.unwrap();
        let world = hospital::world(&db, around()).await;
        assert_eq!(world.ledger.verify(|_| {}).await.unwrap().first_fault, None, "{db}");
        world.close().await.unwrap();
    }
}

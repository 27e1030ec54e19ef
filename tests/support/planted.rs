//! A medical record for the hospital's patient.

#![allow(dead_code, reason = "not every test file uses every helper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use entity::{RecordStatus, medical_record};
use medicrypt::{
    clinic::ClinicError,
    ledger::{By, Draft, Outcome},
    vault::payload::{RecordBody, RecordCategory, RecordHeader},
};
use uuid::Uuid;

use crate::hospital::{Hospital, PLANTED};

/// Diagnosis, cause and note of the record.
pub(crate) const RECORDED: [&str; 3] = ["Plantitis", "plantache", "plantnote"];

/// Every clinical word there is: those and the hospital's.
pub(crate) fn words() -> Vec<&'static str> {
    [PLANTED, &RECORDED].concat()
}

/// The patient gets a record by the doctor.
pub(crate) async fn record(hospital: &Hospital) -> Uuid {
    let [title, cause, notes] = RECORDED.map(str::to_owned);
    let (cause, notes) = (Some(cause), Some(notes));
    let body = RecordBody { title, code: None, cause, notes, start: None, end: None, department: None };
    let header = RecordHeader { category: RecordCategory::Condition, policy: String::new() };
    let (id, keyring) = (Uuid::new_v4(), &hospital.world.keyring);
    let key = Arc::new(keyring.patient(hospital.patient_id).await.unwrap());
    let row = medical_record::Model {
        id,
        patient_id: hospital.patient_id,
        encounter_id: None,
        author_id: Some(hospital.doctor.account),
        header: keyring.seal(id, 1, &header).unwrap(),
        body: keyring.seal_for(&key, "", id, 1, &body).unwrap(),
        recorded_ms: hospital.world.now_ms(),
        status: RecordStatus::Current,
        version: 1,
        tag: Vec::new(),
    };
    let write = hospital.world.write("record", move |tx| {
        let (row, key) = (row.clone(), key.clone());
        Box::pin(async move {
            tx.insert(row).await?;
            tx.append(Draft::new(By::System, "RECORDED", Outcome::Done).of(key, "TREAT"));
            Ok::<_, ClinicError>(())
        })
    });
    write.await.unwrap();
    id
}

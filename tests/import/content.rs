//! What was imported says what the export said: opened with the keys, by the test itself.

use entity::{
    Role, UserStatus, account, care_relation, medical_record, medicine, patient, prescription,
    prescription::PrescriptionStatus, vital,
};
use medicrypt::{
    clinic::{care::TREATING, prescription::default_policy},
    identity::{Staff, Username},
    keyring::{Keyring, Master},
    store::{Strength, Surroundings, SystemClock},
    vault::payload::{
        Demographics, MedicineBody, PrescriptionBody, PrescriptionHeader, RecordBody, RecordCategory,
        RecordHeader, VitalValue,
    },
};
use sea_orm::EntityTrait as _;

use crate::{
    export::{self, word},
    import, support, world,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_word_is_where_it_belongs() {
    let folder = tempfile::tempdir().unwrap();
    export::planted(folder.path());
    for db in support::databases().await {
        let world = world(&db).await;
        import(&world, folder.path()).await;
        let around = Surroundings::new(std::sync::Arc::new(SystemClock), Strength::TESTS);
        let (keyring, open) =
            Keyring::open(world.store.clone(), around, &Master::Directory(db.master())).await.unwrap();
        let read = world.store.read();

        let doctor =
            world.identity.find_user(&Username::parse(word::USERNAME).unwrap()).await.unwrap().unwrap();
        assert_eq!((doctor.role, doctor.status), (Role::Doctor, UserStatus::Disabled), "{db}");
        assert_eq!(doctor.name.as_str(), format!("Ada {}", word::DOCTOR), "{db}");
        let Some(Staff::Doctor(post)) = world.identity.staff(doctor.id).await.unwrap() else {
            panic!("{db}: no doctor")
        };
        assert_eq!(
            (post.department.as_str(), post.hospital.as_str()),
            (word::DEPARTMENT, word::HOSPITAL),
            "{db}"
        );
        assert!(account::Entity::find().one(read).await.unwrap().unwrap().password_hash.is_none(), "{db}");

        let row = patient::Entity::find().one(read).await.unwrap().unwrap();
        let key = keyring.patient(row.id).await.unwrap();
        let who: Demographics = open.open_for(&key, "", row.id, 1, &row.demographics).unwrap();
        assert_eq!((who.given.as_str(), who.family.as_str()), (word::GIVEN, word::FAMILY), "{db}");
        assert_eq!(
            [&who.mrn, &who.phone, &who.birth_date, &who.smoking_status, &who.sex]
                .map(|field| field.as_deref()),
            [word::MRN, word::PHONE, word::BORN, word::SMOKES, "male"].map(Some),
            "{db}"
        );

        // Two visits, one relation, since the earlier of them.
        let relations = care_relation::Entity::find().all(read).await.unwrap();
        assert_eq!(relations.len(), 1, "{db}");
        let relation = &relations[0];
        assert_eq!(
            (relation.patient_id, relation.account_id, relation.kind.as_str()),
            (row.id, doctor.id, TREATING)
        );
        assert_eq!((relation.since_ms, relation.until_ms), (ms("2026-02-18T09:00:00Z"), None), "{db}");

        let mut records = Vec::new();
        for row in medical_record::Entity::find().all(read).await.unwrap() {
            let header: RecordHeader = open.open(row.id, 1, &row.header).unwrap();
            let body: RecordBody = open.open_for(&key, &header.policy, row.id, 1, &row.body).unwrap();
            assert_eq!(header.policy, "", "{db}");
            records.push((row, header.category, body));
        }
        let find = |title: &str| records.iter().find(|(_, _, body)| body.title == title).unwrap();
        let (visit, category, body) =
            records.iter().find(|(_, _, body)| body.cause.as_deref() == Some(word::CAUSE)).unwrap();
        assert_eq!((*category, visit.author_id), (RecordCategory::Encounter, Some(doctor.id)), "{db}");
        assert_eq!(body.department.as_deref(), Some(word::DEPARTMENT), "{db}");
        assert_eq!(visit.recorded_ms, ms("2026-02-20T10:01:00Z"), "{db}");
        let (diagnosis, category, body) = find(word::DIAGNOSIS);
        assert_eq!((*category, body.code.as_deref()), (RecordCategory::Condition, Some(word::CODE)), "{db}");
        assert_eq!(diagnosis.encounter_id, Some(visit.id), "{db}");
        let (_, category, body) = find(word::FINDING);
        assert_eq!(
            (*category, body.notes.as_deref()),
            (RecordCategory::Observation, Some(word::NOTE)),
            "{db}"
        );
        assert_eq!(find("Tobacco smoking status").2.notes.as_deref(), Some(word::SMOKES), "{db}");

        let mut values = Vec::new();
        for row in vital::Entity::find().all(read).await.unwrap() {
            let value: VitalValue = open.open_for(&key, "", row.id, 1, &row.value).unwrap();
            assert!(!row.ciphertext.is_empty() && row.epoch == 1, "{db}");
            assert!(row.effective_ms > ms("2026-01-01T00:00:00Z"), "{db}: a birth date is readable");
            values.push((row.metric, value.value));
        }
        values.sort();
        assert_eq!(values, [("30525-0".to_owned(), 1961), ("8867-4".to_owned(), 71)], "{db}");

        let history = prescription::Entity::find().one(read).await.unwrap().unwrap();
        assert_eq!(
            (history.status, history.prescriber_id),
            (PrescriptionStatus::Historical, doctor.id),
            "{db}"
        );
        let header: PrescriptionHeader = open.open(history.id, 1, &history.header).unwrap();
        assert_eq!(header.policy, default_policy(row.id), "{db}");
        let body: PrescriptionBody =
            open.open_for(&key, &header.policy, history.id, 1, &history.body).unwrap();
        let PrescriptionBody::Historical { drug, code, dosage, status, .. } = &body else {
            panic!("{db}: signed")
        };
        assert_eq!((drug.as_str(), code.as_deref()), (word::DRUG, Some(word::DRUG_CODE)), "{db}");
        assert_eq!((dosage.as_deref(), status.as_str()), (Some(word::DOSAGE), word::STATUS), "{db}");
        let drug = medicine::Entity::find().one(read).await.unwrap().unwrap();
        let body: MedicineBody = open.open(drug.id, 1, &drug.body).unwrap();
        assert_eq!((body.name.as_str(), drug.historical), (word::DRUG, true), "{db}");
        world.close().await.unwrap();
    }
}

fn ms(time: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(time).unwrap().timestamp_millis()
}

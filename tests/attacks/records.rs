//! Records: what lies in the database is opened as it was sealed, where it was sealed, by whom it was meant for, or not at
//! all.

use entity::{
    Sealed, account_attribute, care_relation, marker,
    medical_record::{self, RecordStatus},
    session,
};
use medicrypt::vault::payload::{RecordBody, RecordCategory, RecordHeader};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    fault,
    hospital::{Client, Hospital, code, relate},
    insert, key_of, rewrite, sorted, support,
};

const READ: &str = "query($id: UUID!) { patient(id: $id) { records { edges { node { id title notes } } } } }";
const ME: &str = "{ me { id role } }";

fn header(hospital: &Hospital, id: Uuid, version: i64, policy: &str) -> Sealed<marker::RecordHeader> {
    let header = RecordHeader { category: RecordCategory::Condition, policy: policy.to_owned() };
    hospital.world.keyring.seal(id, version, &header).unwrap()
}

async fn body(
    hospital: &Hospital,
    patient: Uuid,
    id: Uuid,
    version: i64,
    policy: &str,
) -> Sealed<marker::RecordBody> {
    let body = RecordBody {
        title: "Plantitis".to_owned(),
        code: None,
        cause: None,
        notes: Some("\"v\": 1".to_owned()),
        start: None,
        end: None,
        department: None,
    };
    let key = key_of(hospital, patient).await;
    hospital.world.keyring.seal_for(&key, policy, id, version, &body).unwrap()
}

/// A record of that patient under that policy.
async fn record(hospital: &Hospital, patient: Uuid, policy: &str) -> Uuid {
    let id = Uuid::new_v4();
    let row = medical_record::Model {
        id,
        patient_id: patient,
        encounter_id: None,
        author_id: Some(hospital.doctor.account),
        header: header(hospital, id, 1, policy),
        body: body(hospital, patient, id, 1, policy).await,
        recorded_ms: hospital.world.now_ms(),
        status: RecordStatus::Current,
        version: 1,
        tag: Vec::new(),
    };
    insert(hospital, row).await;
    id
}

async fn row(hospital: &Hospital, id: Uuid) -> medical_record::Model {
    medical_record::Entity::find_by_id(id).one(hospital.world.store.read()).await.unwrap().unwrap()
}

/// The records that a doctor sees of a patient, or why not.
async fn seen(doctor: &Client, patient: Uuid) -> Result<Vec<Uuid>, String> {
    let response = doctor.send(READ, json!({"id": patient})).await;
    match code(&response) {
        Some(code) => Err(code),
        None => Ok(ids(&response.data.into_json().unwrap()["patient"]["records"])),
    }
}

fn ids(connection: &Value) -> Vec<Uuid> {
    let nodes = connection["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]);
    nodes
        .map(|node| {
            assert_eq!((&node["title"], &node["notes"]), (&json!("Plantitis"), &json!("\"v\": 1")));
            crate::hospital::uuid(&node["id"])
        })
        .collect()
}

fn violation() -> Result<Vec<Uuid>, String> {
    Err("INTEGRITY_VIOLATION".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_refused_and_never_read_as_another_value() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let id = record(&hospital, hospital.patient_id, "").await;
        assert_eq!(seen(&hospital.doctor, hospital.patient_id).await, Ok(vec![id]), "{db}");
        let sealed = row(&hospital, id).await.body.ciphertext().to_vec();
        let step = sealed.len() / 24;
        for place in (0..sealed.len()).step_by(step).chain([7, 8, sealed.len() - 1]) {
            let mut flipped = sealed.clone();
            flipped[place] ^= 1 << (place % 8);
            let before = db.put_aside("medical_record", id).await;
            let set = format!("body = {} WHERE id = {}", db.bytes(&flipped), db.id(id));
            db.as_dba(&format!("UPDATE medical_record SET {set}")).await;
            assert_eq!(seen(&hospital.doctor, hospital.patient_id).await, violation(), "{db}: byte {place}");
            db.put_back(&before).await;
        }
        assert_eq!(seen(&hospital.doctor, hospital.patient_id).await, Ok(vec![id]), "{db}");
        hospital.is_sound().await;

        // Below the row's tag, the envelope's own.
        for place in (0..sealed.len()).step_by(step).chain([7, 8, sealed.len() - 1]) {
            let mut flipped = sealed.clone();
            flipped[place] ^= 1 << (place % 8);
            rewrite::<medical_record::Model>(&hospital, id, move |row| {
                row.body = Sealed::new(flipped.clone());
            })
            .await;
            assert_eq!(seen(&hospital.doctor, hospital.patient_id).await, violation(), "{db}: byte {place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ciphertexts_swapped_between_patients_rows_or_columns_are_refused() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let (mine, other) = (hospital.patient_id, hospital.other_patient_id);
        relate(&hospital.world, other, hospital.doctor.account).await;
        let own = [record(&hospital, mine, "").await, record(&hospital, mine, "").await];
        let theirs = record(&hospital, other, "").await;

        let swaps = [
            (
                "another row's",
                format!("body = (SELECT body FROM medical_record WHERE id = {})", db.id(own[1])),
            ),
            (
                "another patient's",
                format!("body = (SELECT body FROM medical_record WHERE id = {})", db.id(theirs)),
            ),
            ("another column's", "body = header".to_owned()),
            ("another patient's row", format!("patient_id = {}", db.id(other))),
        ];
        for (what, set) in &swaps {
            let before = db.put_aside("medical_record", own[0]).await;
            db.as_dba(&format!("UPDATE medical_record SET {set} WHERE id = {}", db.id(own[0]))).await;
            let whose = if set.starts_with("patient_id") { other } else { mine };
            assert_eq!(seen(&hospital.doctor, whose).await, violation(), "{db}: {what}");
            assert_eq!(hospital.faults().await, [fault("medical_record", own[0], "edited")], "{db}: {what}");
            db.put_back(&before).await;
        }
        hospital.is_sound().await;

        // With right tags it is the envelope that knows where it belongs.
        for (what, from) in [("another row's", own[1]), ("another patient's", theirs)] {
            let victim = record(&hospital, other, "").await;
            let body = row(&hospital, from).await.body;
            rewrite::<medical_record::Model>(&hospital, victim, move |row| row.body = body.clone()).await;
            assert_eq!(seen(&hospital.doctor, other).await, violation(), "{db}: {what}");
            let mended = self::body(&hospital, other, victim, 3, "").await;
            rewrite::<medical_record::Model>(&hospital, victim, move |row| row.body = mended.clone()).await;
            assert!(seen(&hospital.doctor, other).await.is_ok(), "{db}: {what}");
        }
        let header = row(&hospital, own[0]).await.header.ciphertext().to_vec();
        rewrite::<medical_record::Model>(&hospital, own[0], move |row| {
            row.body = Sealed::new(header.clone());
        })
        .await;
        assert_eq!(seen(&hospital.doctor, mine).await, violation(), "{db}: another column's");
        rewrite::<medical_record::Model>(&hospital, theirs, move |row| row.patient_id = mine).await;
        db.as_dba(&format!("DELETE FROM medical_record WHERE id = {}", db.id(own[0]))).await;
        assert_eq!(seen(&hospital.doctor, mine).await, violation(), "{db}: another patient's row");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_records_policy_narrows_and_no_dba_widens_it() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let patient = hospital.patient_id;
        let open = record(&hospital, patient, "").await;
        let closed = record(&hospital, patient, "").await;
        let wide = db.put_aside("medical_record", closed).await;
        assert_eq!(seen(&hospital.doctor, patient).await.map(sorted), Ok(sorted(vec![open, closed])), "{db}");

        // From now on the patient's alone.
        let narrow = format!("user_id:{patient}");
        let (sealed, kept) =
            (header(&hospital, closed, 2, &narrow), body(&hospital, patient, closed, 2, &narrow).await);
        rewrite::<medical_record::Model>(&hospital, closed, move |row| {
            (row.header, row.body) = (sealed.clone(), kept.clone());
        })
        .await;
        let narrowed = db.put_aside("medical_record", closed).await;
        assert_eq!(seen(&hospital.doctor, patient).await, Ok(vec![open]), "{db}");
        let own =
            hospital.patient.ask("{ myRecords { edges { node { id title notes } } } }", json!({})).await;
        assert_eq!(sorted(ids(&own["myRecords"])), sorted(vec![open, closed]), "{db}");
        hospital.is_sound().await;

        // UPDATE … SET header: of another record, of its own past, and with all of its own past.
        let of = |row| format!("(SELECT header FROM medical_record WHERE id = {})", db.id(row));
        db.as_dba(&format!("UPDATE medical_record SET header = {} WHERE id = {}", of(open), db.id(closed)))
            .await;
        assert_eq!(seen(&hospital.doctor, patient).await, violation(), "{db}: another's header");
        db.put_back(&wide).await;
        assert_eq!(seen(&hospital.doctor, patient).await, violation(), "{db}: the older row");
        assert_eq!(hospital.faults().await, [fault("medical_record", closed, "stale")], "{db}");
        let past = row(&hospital, closed).await.header;
        db.put_back(&narrowed).await;
        let set = format!("header = {} WHERE id = {}", db.bytes(past.ciphertext()), db.id(closed));
        db.as_dba(&format!("UPDATE medical_record SET {set}")).await;
        assert_eq!(seen(&hospital.doctor, patient).await, violation(), "{db}: its own older header");
        assert_eq!(hospital.faults().await, [fault("medical_record", closed, "edited")], "{db}");

        // With a right tag, the wide header decides, and the body sealed under the narrow one stays shut.
        db.put_back(&narrowed).await;
        rewrite::<medical_record::Model>(&hospital, closed, move |row| row.header = past.clone()).await;
        assert_eq!(seen(&hospital.doctor, patient).await, violation(), "{db}: under another policy");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_cannot_be_parsed_holds_for_nobody() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        for policy in ["role:doctor OR", "salary:high OR role:doctor", "(role:doctor"] {
            record(&hospital, hospital.patient_id, policy).await;
        }
        assert_eq!(seen(&hospital.doctor, hospital.patient_id).await, Ok(Vec::new()), "{db}");
        let own =
            hospital.patient.ask("{ myRecords { edges { node { id title notes } } } }", json!({})).await;
        assert!(ids(&own["myRecords"]).is_empty(), "{db}");
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_care_relation_that_a_dba_inserts_edits_or_puts_back_opens_nobody() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let patient = hospital.patient_id;
        record(&hospital, patient, "").await;
        assert_eq!(seen(&hospital.stranger, patient).await, Err("NO_CARE_RELATION".to_owned()), "{db}");
        let own = care_relation::Column::AccountId.eq(hospital.doctor.account);
        let relation = care_relation::Entity::find()
            .filter(own)
            .one(hospital.world.store.read())
            .await
            .unwrap()
            .unwrap();

        let (forged, stranger) = (Uuid::new_v4(), db.id(hospital.stranger.account));
        db.as_dba(&format!(
            "INSERT INTO care_relation (id, patient_id, account_id, kind, since_ms, until_ms, version, tag)
             SELECT {}, patient_id, {stranger}, kind, since_ms, until_ms, version, tag FROM care_relation WHERE id = {}",
            db.id(forged),
            db.id(relation.id),
        ))
        .await;
        assert_eq!(seen(&hospital.stranger, patient).await, violation(), "{db}: inserted");
        assert_eq!(hospital.faults().await, [fault("care_relation", forged, "resurrected")], "{db}");
        db.as_dba(&format!("DELETE FROM care_relation WHERE id = {}", db.id(forged))).await;

        let before = db.put_aside("care_relation", relation.id).await;
        db.as_dba(&format!(
            "UPDATE care_relation SET account_id = {stranger} WHERE id = {}",
            db.id(relation.id)
        ))
        .await;
        assert_eq!(seen(&hospital.stranger, patient).await, violation(), "{db}: edited");
        db.put_back(&before).await;

        // The relation ends; the older row says that it lasts.
        let now = hospital.world.now_ms();
        rewrite::<care_relation::Model>(&hospital, relation.id, move |row| row.until_ms = Some(now)).await;
        assert_eq!(seen(&hospital.doctor, patient).await, Err("NO_CARE_RELATION".to_owned()), "{db}");
        db.put_back(&before).await;
        assert_eq!(seen(&hospital.doctor, patient).await, violation(), "{db}: put back");
        assert_eq!(hospital.faults().await, [fault("care_relation", relation.id, "stale")], "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_session_or_attribute_that_a_dba_edits_makes_nobody_more() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let (pharmacist, doctor) = (&hospital.pharmacist, &hospital.doctor);
        let own = session::Column::AccountId.eq(pharmacist.account);
        let session =
            session::Entity::find().filter(own).one(hospital.world.store.read()).await.unwrap().unwrap().id;
        let own = account_attribute::Column::AccountId.eq(pharmacist.account);
        let attribute = account_attribute::Entity::find().filter(own);
        let attribute = attribute.one(hospital.world.store.read()).await.unwrap().unwrap().id;
        let edits = [
            ("account", pharmacist.account, "role = 'DOCTOR'".to_owned()),
            ("account", pharmacist.account, "role = 'ADMIN'".to_owned()),
            ("session", session, format!("account_id = {}", db.id(doctor.account))),
            ("session", session, "expires_ms = expires_ms + 86400000".to_owned()),
            ("account_attribute", attribute, "key = 'department'".to_owned()),
        ];
        for (table, id, set) in &edits {
            let before = db.put_aside(table, *id).await;
            db.as_dba(&format!("UPDATE {table} SET {set} WHERE id = {}", db.id(*id))).await;
            assert_eq!(pharmacist.refused(ME, json!({})).await, "INTEGRITY_VIOLATION", "{db}: {table} {set}");
            assert_eq!(hospital.faults().await, [fault(table, *id, "edited")], "{db}: {table} {set}");
            db.put_back(&before).await;
        }
        hospital.is_sound().await;

        // A closed session, put back.
        let before = db.put_aside("session", session).await;
        pharmacist.ask("mutation { logout }", json!({})).await;
        assert_eq!(pharmacist.refused(ME, json!({})).await, "UNAUTHENTICATED", "{db}");
        db.put_back(&before).await;
        assert_eq!(pharmacist.refused(ME, json!({})).await, "INTEGRITY_VIOLATION", "{db}");

        // An attribute that was deleted.
        let before = db.put_aside("account_attribute", attribute).await;
        db.as_dba(&format!("DELETE FROM account_attribute WHERE id = {}", db.id(attribute))).await;
        assert_eq!(
            hospital.faults().await,
            [fault("account_attribute", attribute, "missing"), fault("session", session, "stale")],
            "{db}"
        );
        db.put_back(&before).await;
    }
}

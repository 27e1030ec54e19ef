//! A signed text is worth something in its own row, for its own quantity, once.

use crypto::signed_text::{self, Handover, text_hash};
use entity::{PrescriptionStatus, dispensing, prescription};
use medicrypt::vault::payload::{PrescriptionBody, PrescriptionHeader, PrescriptionProgress};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    fault,
    hospital::{self, DISPENSE, Hospital, ISSUE, handed_over, prescription_text, sign, uuid},
    insert, key_of, rewrite, sorted, support,
};

/// An issued prescription, with all that whoever reads the database and the wire may know.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) id: Uuid,
    pub(crate) text: String,
    pub(crate) signature: Vec<u8>,
}

impl Issued {
    pub(crate) async fn of(hospital: &Hospital, quantity: u32) -> Self {
        let draft = hospital.doctor.draft(hospital.patient_id).await;
        let issued = hospital.doctor.issue(&draft, "AMX250", quantity).await;
        let signature = issued["signature"].as_str().unwrap();
        Self {
            id: uuid(&issued["id"]),
            text: issued["signedText"].as_str().unwrap().to_owned(),
            signature: base64::Engine::decode(&base64::engine::general_purpose::STANDARD, signature).unwrap(),
        }
    }

    /// Why this row is not dispensed upon this text, or `dispensed`.
    pub(crate) async fn dispensed_from(&self, hospital: &Hospital, row: Uuid, quantity: u32) -> String {
        let input = hospital.pharmacist.signed_handover(row, &text_hash(&self.text), quantity);
        let response = hospital.pharmacist.send(DISPENSE, input).await;
        hospital::code(&response).unwrap_or_else(|| "dispensed".to_owned())
    }

    pub(crate) async fn dispensed(&self, hospital: &Hospital, quantity: u32) -> String {
        self.dispensed_from(hospital, self.id, quantity).await
    }

    fn body(&self) -> PrescriptionBody {
        PrescriptionBody::Signed { text: self.text.clone(), signature: self.signature.clone() }
    }
}

fn policy(hospital: &Hospital) -> String {
    medicrypt::clinic::prescription::default_policy(hospital.patient_id)
}

async fn hand_overs(hospital: &Hospital) -> u64 {
    dispensing::Entity::find().count(hospital.world.store.read()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_key_signs_no_prescription() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let draft = hospital.doctor.draft(hospital.patient_id).await;
        for key in [hospital.stranger.key.clone(), hospital.pharmacist.key.clone(), hospital::key(7)] {
            let mut impostor = hospital.doctor.clone();
            impostor.key = key;
            let mut named = draft.clone();
            named["keyId"] = json!(impostor.key.public().key_id());
            for draft in [&draft, &named] {
                let input = impostor.signed_issue(draft, "AMX250", 10);
                assert_eq!(impostor.refused(ISSUE, input).await, "SIGNATURE_INVALID", "{db}");
            }
        }
        let own = hospital.stranger.signed_issue(&draft, "AMX250", 10);
        assert_eq!(hospital.stranger.refused(ISSUE, own).await, "NOT_FOUND", "{db}: another doctor's draft");
        assert_eq!(
            hospital.pharmacist.dispense(uuid(&draft["id"]), 10).await,
            Err("NOT_ISSUED".to_owned()),
            "{db}"
        );
        hospital.doctor.issue(&draft, "AMX250", 10).await;
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_for_one_id_patient_prescriber_key_time_nonce_medicine_quantity_and_dosage() {
    let alterations: [(&str, fn(&mut signed_text::Prescription)); 12] = [
        ("id", |text| text.id = Uuid::new_v4().to_string()),
        ("patient", |text| text.patient = Uuid::new_v4().to_string()),
        ("prescriber", |text| text.prescriber = Uuid::new_v4().to_string()),
        ("key", |text| text.key_id = text_hash("another key")),
        ("time of issue", |text| text.issued_at = "2001-01-01T00:00:00.000Z".to_owned()),
        ("expiry", |text| text.expires_at = "2999-01-01T00:00:00.000Z".to_owned()),
        ("nonce", |text| text.nonce = text_hash("another nonce")),
        ("code", |text| text.medicine.code = "PCM500".to_owned()),
        ("medicine", |text| text.medicine.name = "Paracetamol".to_owned()),
        ("strength", |text| text.medicine.strength = "2500 mg".to_owned()),
        ("quantity", |text| text.quantity += 1),
        ("dosage", |text| text.dosage = "all at once".to_owned()),
    ];
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let (doctor, draft) = (&hospital.doctor, hospital.doctor.draft(hospital.patient_id).await);
        for (what, alter) in alterations {
            let mut other = prescription_text(&draft, "AMX250", 10);
            alter(&mut other);
            let mut input = doctor.signed_issue(&draft, "AMX250", 10);
            input["input"]["signature"] = json!(sign(&doctor.key, &other));
            assert_eq!(doctor.refused(ISSUE, input).await, "SIGNATURE_INVALID", "{db}: {what}");
        }
        doctor.issue(&draft, "AMX250", 10).await;
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signed_text_copied_into_twenty_rows_is_dispensed_once() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let original = Issued::of(&hospital, 10).await;
        let mut rows = Vec::new();
        for _ in 0..20 {
            rows.push(uuid(&hospital.doctor.draft(hospital.patient_id).await["id"]));
        }
        let from = format!("FROM prescription WHERE id = {}", db.id(original.id));
        let copied = ["status", "header", "body", "progress", "created_ms", "expires_ms", "version", "tag"];
        let set = copied.map(|column| format!("{column} = (SELECT {column} {from})")).join(", ");
        let targets: Vec<_> = rows.iter().map(|row| db.id(*row)).collect();
        db.as_dba(&format!("UPDATE prescription SET {set} WHERE id IN ({})", targets.join(", "))).await;
        let copy = Uuid::new_v4();
        db.as_dba(&format!(
            "INSERT INTO prescription (id, patient_id, prescriber_id, {columns}) SELECT {copy}, patient_id, prescriber_id, {columns} {from}",
            columns = copied.join(", "),
            copy = db.id(copy),
        ))
        .await;

        for row in rows.iter().chain([&copy]) {
            assert_eq!(original.dispensed_from(&hospital, *row, 10).await, "INTEGRITY_VIOLATION", "{db}");
        }
        let mut named: Vec<_> = rows.iter().map(|row| fault("prescription", *row, "edited")).collect();
        named.push(fault("prescription", copy, "resurrected"));
        assert_eq!(hospital.faults().await, sorted(named), "{db}");
        assert_eq!(original.dispensed(&hospital, 10).await, "dispensed", "{db}");
        assert_eq!(hand_overs(&hospital).await, 1, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_text_stands_for_no_other_row_though_the_rows_tag_is_right() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let (original, row) = (Issued::of(&hospital, 10).await, Issued::of(&hospital, 10).await.id);
        let key = key_of(&hospital, hospital.patient_id).await;
        let body =
            hospital.world.keyring.seal_for(&key, &policy(&hospital), row, 3, &original.body()).unwrap();
        rewrite::<prescription::Model>(&hospital, row, move |row| row.body = body.clone()).await;

        hospital.is_sound().await;
        assert_eq!(original.dispensed_from(&hospital, row, 10).await, "SIGNATURE_INVALID", "{db}");
        let verdict = hospital.pharmacist.verify(row).await;
        assert_eq!(verdict["dispensable"], false, "{db}");
        let last = verdict["steps"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&last["name"], &last["holds"]),
            (&json!("text and signature"), &json!(false)),
            "{db}: {verdict}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_and_patient_inside_are_compared_with_the_row() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let issued = Issued::of(&hospital, 10).await;
        let swapped =
            [("prescriber_id", hospital.stranger.account), ("patient_id", hospital.other_patient_id)];
        for (column, other) in swapped {
            let before = db.put_aside("prescription", issued.id).await;
            let (row, other) = (db.id(issued.id), db.id(other));
            db.as_dba(&format!("UPDATE prescription SET {column} = {other} WHERE id = {row}")).await;
            assert_eq!(issued.dispensed(&hospital, 10).await, "INTEGRITY_VIOLATION", "{db}: {column}");
            assert_eq!(
                hospital.faults().await,
                [fault("prescription", issued.id, "edited")],
                "{db}: {column}"
            );
            db.put_back(&before).await;
        }
        hospital.is_sound().await;

        // With a right tag it is the text that disagrees, or the patient's key.
        let (stranger, other) = (hospital.stranger.account, hospital.other_patient_id);
        let second = Issued::of(&hospital, 10).await;
        rewrite::<prescription::Model>(&hospital, issued.id, move |row| row.prescriber_id = stranger).await;
        rewrite::<prescription::Model>(&hospital, second.id, move |row| row.patient_id = other).await;
        assert_eq!(issued.dispensed(&hospital, 10).await, "KEY_NOT_VALID", "{db}");
        assert_eq!(second.dispensed(&hospital, 10).await, "INTEGRITY_VIOLATION", "{db}");
        assert_eq!(hand_overs(&hospital).await, 0, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispensed_prescription_rolled_back_is_not_dispensed_again() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        for part in [10, 4] {
            let issued = Issued::of(&hospital, 10).await;
            let before = db.put_aside("prescription", issued.id).await;
            assert_eq!(issued.dispensed(&hospital, part).await, "dispensed", "{db}");
            let after = db.put_aside("prescription", issued.id).await;
            db.put_back(&before).await;
            assert_eq!(issued.dispensed(&hospital, part).await, "INTEGRITY_VIOLATION", "{db}");
            assert_eq!(hospital.faults().await, [fault("prescription", issued.id, "stale")], "{db}");
            db.put_back(&after).await;
        }

        // Without a trace of the hand-over, either.
        let issued = Issued::of(&hospital, 10).await;
        let before = db.put_aside("prescription", issued.id).await;
        let receipt = hospital.pharmacist.dispense(issued.id, 10).await.unwrap();
        db.put_back(&before).await;
        let row = db.id(issued.id);
        db.as_dba(&format!("DELETE FROM dispensing WHERE prescription_id = {row}; DELETE FROM idempotency"))
            .await;
        assert_eq!(issued.dispensed(&hospital, 10).await, "INTEGRITY_VIOLATION", "{db}");
        let named =
            [fault("dispensing", uuid(&receipt["id"]), "missing"), fault("prescription", issued.id, "stale")];
        assert_eq!(hospital.faults().await, named, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_is_signed_for_one_quantity_row_time_and_pharmacist_and_counts_once() {
    let alterations: [(&str, fn(&mut Handover)); 7] = [
        ("quantity", |text| text.quantity = 1),
        ("hand-over", |text| text.handover = Uuid::new_v4().to_string()),
        ("time", |text| text.at.replace_range(20..23, "999")),
        ("prescription", |text| text.prescription = Uuid::new_v4().to_string()),
        ("prescription's text", |text| text.prescription_hash = text_hash("another text")),
        ("pharmacist", |text| text.pharmacist = Uuid::new_v4().to_string()),
        ("key", |text| text.key_id = text_hash("another key")),
    ];
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let (pharmacist, issued) = (&hospital.pharmacist, Issued::of(&hospital, 10).await);
        let mut honest = pharmacist.handover(issued.id, &text_hash(&issued.text), 4);
        honest.at.replace_range(20..23, "000");
        for (what, alter) in alterations {
            let mut other = honest.clone();
            alter(&mut other);
            let input = handed_over(&honest, &sign(&pharmacist.key, &other));
            assert_eq!(pharmacist.refused(DISPENSE, input).await, "SIGNATURE_INVALID", "{db}: {what}");
        }
        let doctors = &hospital.doctor.key;
        let by_another = handed_over(&honest, &sign(doctors, &honest));
        assert_eq!(pharmacist.refused(DISPENSE, by_another).await, "SIGNATURE_INVALID", "{db}");
        let named = Handover { key_id: doctors.public().key_id(), ..honest.clone() };
        let named = handed_over(&named, &sign(doctors, &named));
        assert_eq!(pharmacist.refused(DISPENSE, named).await, "KEY_NOT_VALID", "{db}");
        assert_eq!(hand_overs(&hospital).await, 0, "{db}");

        // Honest, it counts: once, whatever key it is sent again with.
        let signature = sign(&pharmacist.key, &honest);
        pharmacist.ask(DISPENSE, handed_over(&honest, &signature)).await;
        let again = handed_over(&honest, &signature);
        assert_eq!(pharmacist.refused(DISPENSE, again).await, "SIGNED_CONTENT_REPLAY", "{db}");
        let mut renamed = handed_over(&honest, &signature);
        renamed["input"]["handoverId"] = json!(Uuid::new_v4());
        assert_eq!(pharmacist.refused(DISPENSE, renamed).await, "SIGNATURE_INVALID", "{db}");
        assert_eq!(hand_overs(&hospital).await, 1, "{db}");
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_prescription_is_history_and_never_dispensed() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let (id, policy) = (Uuid::new_v4(), policy(&hospital));
        let (keyring, key) = (&hospital.world.keyring, key_of(&hospital, hospital.patient_id).await);
        let body = PrescriptionBody::Historical {
            drug: "Amoxiplant".to_owned(),
            code: None,
            dosage: None,
            status: "active".to_owned(),
            requester: None,
            authored_on: None,
        };
        let progress = PrescriptionProgress { prescribed: 10, dispensed: 0 };
        let row = prescription::Model {
            id,
            patient_id: hospital.patient_id,
            prescriber_id: hospital.doctor.account,
            status: PrescriptionStatus::Historical,
            header: keyring.seal(id, 1, &PrescriptionHeader { policy: policy.clone() }).unwrap(),
            body: keyring.seal_for(&key, &policy, id, 1, &body).unwrap(),
            progress: keyring.seal_for(&key, &policy, id, 1, &progress).unwrap(),
            text_tag: None,
            created_ms: hospital.world.now_ms(),
            expires_ms: i64::MAX,
            version: 1,
            tag: Vec::new(),
        };
        insert(&hospital, row).await;
        let any = Issued::of(&hospital, 10).await;
        assert_eq!(any.dispensed_from(&hospital, id, 1).await, "NOT_ISSUED", "{db}");
        assert_eq!(hospital.pharmacist.verify(id).await["dispensable"], false, "{db}");
        hospital.is_sound().await;

        // Called issued by a DBA, or even by the server: there still is no signature.
        let before = db.put_aside("prescription", id).await;
        db.as_dba(&format!("UPDATE prescription SET status = 'ISSUED' WHERE id = {}", db.id(id))).await;
        assert_eq!(any.dispensed_from(&hospital, id, 1).await, "INTEGRITY_VIOLATION", "{db}");
        db.put_back(&before).await;
        rewrite::<prescription::Model>(&hospital, id, |row| row.status = PrescriptionStatus::Issued).await;
        assert_eq!(any.dispensed_from(&hospital, id, 1).await, "NOT_ISSUED", "{db}");
        assert_eq!(hand_overs(&hospital).await, 0, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrowed_policy_holds_and_is_not_widened_by_an_older_row() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let issued = Issued::of(&hospital, 10).await;
        let wide = db.put_aside("prescription", issued.id).await;
        let (keyring, key) = (&hospital.world.keyring, key_of(&hospital, hospital.patient_id).await);
        let narrow = format!("role:doctor AND department:cardiology OR user_id:{}", hospital.patient_id);
        let header = keyring.seal(issued.id, 3, &PrescriptionHeader { policy: narrow.clone() }).unwrap();
        let body = keyring.seal_for(&key, &narrow, issued.id, 3, &issued.body()).unwrap();
        let progress = PrescriptionProgress { prescribed: 10, dispensed: 0 };
        let progress = keyring.seal_for(&key, &narrow, issued.id, 3, &progress).unwrap();
        rewrite::<prescription::Model>(&hospital, issued.id, move |row| {
            (row.header, row.body, row.progress) = (header.clone(), body.clone(), progress.clone());
        })
        .await;

        // The pharmacist is out of it; doctor and patient still read it.
        assert_eq!(issued.dispensed(&hospital, 10).await, "NOT_FOUND", "{db}");
        let queue =
            hospital.pharmacist.ask("{ prescriptionQueue { edges { node { id } } } }", json!({})).await;
        assert_eq!(queue["prescriptionQueue"]["edges"], json!([]), "{db}");
        let own = hospital.patient.ask("{ myPrescriptions { edges { node { id } } } }", json!({})).await;
        assert_eq!(ids(&own["myPrescriptions"]), [issued.id], "{db}");
        let read = "query($id: UUID!) { patient(id: $id) { prescriptions { edges { node { id } } } } }";
        let read = hospital.doctor.ask(read, json!({"id": hospital.patient_id})).await;
        assert_eq!(ids(&read["patient"]["prescriptions"]), [issued.id], "{db}");
        hospital.is_sound().await;

        // The older header alone, then the whole older row.
        let narrowed = db.put_aside("prescription", issued.id).await;
        db.put_back(&wide).await;
        assert_eq!(issued.dispensed(&hospital, 10).await, "INTEGRITY_VIOLATION", "{db}");
        assert_eq!(hospital.faults().await, [fault("prescription", issued.id, "stale")], "{db}");
        let old = prescription::Entity::find_by_id(issued.id)
            .one(hospital.world.store.read())
            .await
            .unwrap()
            .unwrap();
        db.put_back(&narrowed).await;
        let (header, row) = (db.bytes(old.header.ciphertext()), db.id(issued.id));
        db.as_dba(&format!("UPDATE prescription SET header = {header} WHERE id = {row}")).await;
        assert_eq!(issued.dispensed(&hospital, 10).await, "INTEGRITY_VIOLATION", "{db}");

        // Even in a row with a right tag, what was sealed under the narrow policy does not open under the wide one.
        db.put_back(&narrowed).await;
        rewrite::<prescription::Model>(&hospital, issued.id, move |row| row.header = old.header.clone())
            .await;
        assert_eq!(issued.dispensed(&hospital, 10).await, "INTEGRITY_VIOLATION", "{db}");
        assert_eq!(hand_overs(&hospital).await, 0, "{db}");
    }
}

fn ids(connection: &Value) -> Vec<Uuid> {
    connection["edges"].as_array().unwrap().iter().map(|edge| uuid(&edge["node"]["id"])).collect()
}

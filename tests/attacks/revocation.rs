//! Which key counted when: replaced keys, revoked keys, and who would have it otherwise.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto::signed_text::ReplaceKey;
use medicrypt::{
    clinic::ClinicError,
    ledger::{By, Draft, Outcome},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    fault,
    hospital::{self, DISPENSE, Hospital, ISSUE, code, sign},
    prescriptions::Issued,
    support,
};

/// Revokes the doctor's key on the host; the index of its entry.
async fn revoke(hospital: &Hospital, compromised_since: Option<i64>) -> i64 {
    let (rooms, key_id) = (hospital.world.clone(), hospital.doctor.key.public().key_id());
    let written = hospital.world.write("revoke", move |tx| {
        let (rooms, key_id) = (rooms.clone(), key_id.clone());
        Box::pin(async move {
            rooms.identity.revoke(tx, &key_id, compromised_since).await?;
            tx.append(Draft::new(By::System, "KEY_REVOKED", Outcome::Done));
            Ok::<_, ClinicError>(())
        })
    });
    written.await.unwrap().receipts[0].index()
}

/// The entry with which it was issued.
async fn issued_at(hospital: &Hospital, issued: &Issued) -> i64 {
    hospital.world.ledger.index_of("prescription", issued.id, 2).await.unwrap().unwrap()
}

async fn doctors_key(hospital: &Hospital) -> Uuid {
    hospital.world.identity.signing_key(&hospital.doctor.key.public().key_id()).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn replacing_the_public_key_signs_no_history_anew() {
    for db in support::databases().await {
        let mut hospital = Hospital::open(&db).await;
        let (first, second) = (Issued::of(&hospital, 10).await, Issued::of(&hospital, 10).await);
        let pending = hospital.doctor.draft(hospital.patient_id).await;
        let (old, new) = (hospital.doctor.key.clone(), hospital::key(7));
        let text = ReplaceKey {
            user: hospital.doctor.username.clone(),
            old_key_id: old.public().key_id(),
            new_key_id: new.public().key_id(),
            new_key_spki: STANDARD.encode(new.public().spki_der()),
        };
        let replace = "mutation($input: ReplaceKeyInput!) { replaceKey(input: $input) { keyId } }";
        let input = |by_old, by_new| json!({"input": {"publicKey": new.public().spki_pem(), "signatureByOld": by_old, "signatureByNew": by_new}});
        // The new key alone, or the old one alone, replaces nothing.
        let (by_old, by_new) = (sign(&old, &text), sign(&new, &text));
        for (one, other) in [(&by_new, &by_new), (&by_old, &by_old)] {
            assert_eq!(
                hospital.doctor.refused(replace, input(one, other)).await,
                "SIGNATURE_INVALID",
                "{db}"
            );
        }
        hospital.doctor.ask(replace, input(&by_old, &by_new)).await;

        // What the old key signed stands; it signs nothing more, and the new one nothing that was drafted for the old.
        assert_eq!(hospital.pharmacist.verify(first.id).await["dispensable"], true, "{db}");
        assert_eq!(first.dispensed(&hospital, 10).await, "dispensed", "{db}");
        let by_old = hospital.doctor.signed_issue(&pending, "AMX250", 10);
        assert_eq!(hospital.doctor.refused(ISSUE, by_old).await, "KEY_NOT_VALID", "{db}");
        hospital.doctor.key = new.clone();
        let by_new = hospital.doctor.signed_issue(&pending, "AMX250", 10);
        assert_eq!(hospital.doctor.refused(ISSUE, by_new).await, "KEY_NOT_VALID", "{db}");
        assert_eq!(Issued::of(&hospital, 10).await.dispensed(&hospital, 10).await, "dispensed", "{db}");
        hospital.is_sound().await;

        // A DBA who puts another public key in the old one's place is found out.
        let row = hospital.world.identity.signing_key(&old.public().key_id()).await.unwrap().id;
        let spki = db.bytes(hospital.stranger.key.public().spki_der());
        db.as_dba(&format!("UPDATE signing_key SET spki = {spki} WHERE id = {}", db.id(row))).await;
        assert_eq!(second.dispensed(&hospital, 10).await, "INTEGRITY_VIOLATION", "{db}");
        assert_eq!(hospital.faults().await, [fault("signing_key", row, "edited")], "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_revoked_from_now_on_still_stands_behind_what_it_signed() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let (issued, pending) =
            (Issued::of(&hospital, 10).await, hospital.doctor.draft(hospital.patient_id).await);
        revoke(&hospital, None).await;
        let late = hospital.doctor.signed_issue(&pending, "AMX250", 10);
        assert_eq!(
            hospital.doctor.refused(ISSUE, late).await,
            "UNAUTHENTICATED",
            "{db}: its sessions are closed"
        );
        let key = hospital.doctor.key.clone();
        let login = hospital.doctor.try_login(hospital::PASSWORD, &key).await;
        assert_eq!(login, Err("INVALID_CREDENTIALS".to_owned()), "{db}");
        assert_eq!(issued.dispensed(&hospital, 10).await, "dispensed", "{db}");
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_other_hands_since_an_entry_blocks_what_was_issued_from_there_and_not_handed_over() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let [before, since] = [Issued::of(&hospital, 10).await, Issued::of(&hospital, 10).await];
        let input =
            hospital.pharmacist.signed_handover(since.id, &crypto::signed_text::text_hash(&since.text), 4);
        let receipt = hospital.pharmacist.ask(DISPENSE, input.clone()).await;
        let row = doctors_key(&hospital).await;
        let key = db.put_aside("signing_key", row).await;

        revoke(&hospital, Some(issued_at(&hospital, &since).await)).await;
        assert_eq!(since.dispensed(&hospital, 6).await, "KEY_NOT_VALID", "{db}: the rest of it");
        assert_eq!(hospital.pharmacist.verify(since.id).await["dispensable"], false, "{db}");
        assert_eq!(before.dispensed(&hospital, 4).await, "dispensed", "{db}");
        assert_eq!(hospital.pharmacist.ask(DISPENSE, input).await, receipt, "{db}: what was handed over was");

        // It can be dated back further, never forward.
        revoke(&hospital, Some(issued_at(&hospital, &before).await)).await;
        assert_eq!(before.dispensed(&hospital, 6).await, "KEY_NOT_VALID", "{db}");
        revoke(&hospital, None).await;
        assert_eq!(before.dispensed(&hospital, 6).await, "KEY_NOT_VALID", "{db}");
        hospital.is_sound().await;

        // Nor is it undone by the key's older row.
        db.put_back(&key).await;
        assert_eq!(before.dispensed(&hospital, 6).await, "INTEGRITY_VIOLATION", "{db}");
        assert_eq!(hospital.faults().await, [fault("signing_key", row, "stale")], "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_handed_over_after_a_revocation_that_came_at_the_same_moment() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let mut inputs = Vec::new();
        for _ in 0..16 {
            let issued = Issued::of(&hospital, 10).await;
            let hash = crypto::signed_text::text_hash(&issued.text);
            inputs.push(hospital.pharmacist.signed_handover(issued.id, &hash, 10));
        }
        let handovers = inputs.into_iter().map(|input| {
            let pharmacist = hospital.pharmacist.clone();
            tokio::spawn(async move { pharmacist.send(DISPENSE, input).await })
        });
        let handovers: Vec<_> = handovers.collect();
        let revoked = revoke(&hospital, Some(0)).await;
        for handover in handovers {
            let response = handover.await.unwrap();
            match code(&response).as_deref() {
                None => {
                    let index = &response.data.into_json().unwrap()["dispense"]["ledgerIndex"];
                    assert!(index.as_i64().unwrap() < revoked, "{db}: {index} is after {revoked}");
                }
                Some("KEY_NOT_VALID" | "CONFLICT_RETRY") => {}
                Some(other) => panic!("{db}: {other}"),
            }
        }
        hospital.is_sound().await;
    }
}

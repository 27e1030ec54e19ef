//! The database administrator, who may write anything and has no key, gets nobody in.

use entity::{Role, account_attribute, challenge, enrolment_code, signing_key};
use medicrypt::identity::IdentityError;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use crate::{
    people::{disable, doctor, enrolled, identity, invite, key, pharmacist, violation, write},
    support::{self, Rooms},
};

#[tokio::test]
async fn a_closed_session_that_is_opened_again_is_found_out() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let token = omkar.login(&identity).await;
        let actor = identity.actor(&token).await.unwrap();
        let open = db.put_aside("session", actor.session()).await;
        identity.logout(&actor).await.unwrap();
        db.as_dba("UPDATE session SET status = 'OPEN'").await;
        assert_eq!(violation(identity.actor(&token).await), "session: edited");
        db.put_back(&open).await;
        assert_eq!(violation(identity.actor(&token).await), "session: stale");
    }
}

#[tokio::test]
async fn a_session_that_is_prolonged_or_given_to_another_account_is_found_out() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let rishi = enrolled(&rooms, &identity, "rishi@doctor.kmc.edu", doctor(), 1).await;
        let token = omkar.login(&identity).await;
        let session = db.put_aside("session", identity.actor(&token).await.unwrap().session()).await;
        db.as_dba("UPDATE session SET expires_ms = expires_ms + 1").await;
        assert_eq!(violation(identity.actor(&token).await), "session: edited");
        db.put_back(&session).await;
        assert!(identity.actor(&token).await.is_ok());
        db.as_dba(&format!("UPDATE session SET account_id = {}", db.id(rishi.account))).await;
        assert_eq!(violation(identity.actor(&token).await), "session: edited");
    }
}

#[tokio::test]
async fn an_edited_role_makes_no_admin() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let sushmita = enrolled(&rooms, &identity, "sushmita@pharmacist.kmc.edu", pharmacist(), 0).await;
        let token = sushmita.login(&identity).await;
        db.as_dba("UPDATE account SET role = 'ADMIN'").await;
        assert_eq!(violation(identity.actor(&token).await), "account: edited");
        assert_eq!(violation(sushmita.try_login(&identity).await), "account: edited");
    }
}

#[tokio::test]
async fn a_password_hash_of_somebody_else_logs_nobody_in() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let rishi = enrolled(&rooms, &identity, "rishi@doctor.kmc.edu", doctor(), 1).await;
        let (to, from) = (db.id(omkar.account), db.id(rishi.account));
        db.as_dba(&format!(
            "UPDATE account SET password_hash = (SELECT password_hash FROM account WHERE id = {from}) WHERE id = {to}"
        ))
        .await;
        assert_eq!(violation(omkar.try_login(&identity).await), "account: edited");
        assert!(rishi.try_login(&identity).await.is_ok());
    }
}

#[tokio::test]
async fn an_old_password_that_is_put_back_logs_nobody_in() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let old = db.put_aside("account", omkar.account).await;
        let code = invite(&rooms, &identity, omkar.account).await.unwrap().code;
        omkar.with_password("another horse").enrol(&identity, &code).await.unwrap();
        db.put_back(&old).await;
        assert_eq!(violation(omkar.try_login(&identity).await), "account: stale");
    }
}

#[tokio::test]
async fn a_public_key_that_is_swapped_for_the_attackers_proves_nothing() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let attackers = key(3).public();
        db.as_dba(&format!(
            "UPDATE signing_key SET spki = {}, fingerprint = {}",
            db.bytes(attackers.spki_der()),
            db.bytes(&attackers.fingerprint())
        ))
        .await;
        assert_eq!(violation(omkar.with_key(key(3)).try_login(&identity).await), "signing_key: edited");
        assert_eq!(violation(identity.signing_key(&attackers.key_id()).await), "signing_key: edited");
    }
}

#[tokio::test]
async fn a_key_given_to_another_account_is_found_out() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let rishi = enrolled(&rooms, &identity, "rishi@doctor.kmc.edu", doctor(), 1).await;
        db.as_dba(&format!("UPDATE signing_key SET account_id = {}", db.id(omkar.account))).await;
        let impostor = omkar.with_key(rishi.key);
        assert_eq!(violation(impostor.try_login(&identity).await), "signing_key: edited");
    }
}

#[tokio::test]
async fn a_disabled_account_and_a_revoked_key_that_are_rolled_back_are_found_out() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let token = omkar.login(&identity).await;
        let session = db.put_aside("session", identity.actor(&token).await.unwrap().session()).await;
        let active = db.put_aside("account", omkar.account).await;
        let good = db.put_aside("signing_key", key_row(&rooms).await).await;
        let key_id = key(0).public().key_id();
        let revoked = key_id.clone();
        write(&rooms, &identity, move |identity, tx| {
            let revoked = revoked.clone();
            Box::pin(async move { identity.revoke(tx, &revoked, None).await })
        })
        .await
        .unwrap();
        disable(&rooms, &identity, omkar.account).await.unwrap();
        db.put_back(&active).await;
        db.put_back(&session).await;
        assert!(violation(identity.actor(&token).await).ends_with(": stale"));
        assert_eq!(violation(omkar.try_login(&identity).await), "account: stale");
        db.put_back(&good).await;
        assert_eq!(violation(identity.signing_key(&key_id).await), "signing_key: stale");
        let again = invite(&rooms, &identity, omkar.account).await;
        assert_eq!(violation(again), "account: stale", "nothing is built on a rolled-back row");
    }
}

async fn key_row(rooms: &Rooms) -> Uuid {
    signing_key::Entity::find().one(rooms.store.read()).await.unwrap().unwrap().id
}

#[tokio::test]
async fn an_attribute_that_is_deleted_is_missed() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let token = omkar.login(&identity).await;
        let department = account_attribute::Column::Key.eq("department");
        let row = account_attribute::Entity::find()
            .filter(department)
            .one(rooms.store.read())
            .await
            .unwrap()
            .unwrap();
        let aside = db.put_aside("account_attribute", row.id).await;
        db.as_dba("DELETE FROM account_attribute WHERE key = 'department'").await;
        assert_eq!(violation(identity.actor(&token).await), "account_attribute: missing");
        db.put_back(&aside).await;
        assert!(identity.actor(&token).await.is_ok());
        db.as_dba("UPDATE account_attribute SET key = 'hospital' WHERE key = 'department'").await;
        assert_eq!(violation(identity.actor(&token).await), "account_attribute: edited");
    }
}

#[tokio::test]
async fn a_used_challenge_or_code_that_is_put_back_is_not_used_again() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let challenge = identity.login_challenge(&omkar.username).await.unwrap();
        let row = challenge::Entity::find().one(rooms.store.read()).await.unwrap().unwrap();
        let aside = db.put_aside("challenge", row.id).await;
        identity.login(omkar.answer(&challenge)).await.unwrap();
        db.put_back(&aside).await;
        assert_eq!(violation(identity.login(omkar.answer(&challenge)).await), "challenge: stale");

        let code = invite(&rooms, &identity, omkar.account).await.unwrap().code;
        let open = enrolment_code::Column::Status.eq(entity::CodeStatus::Open);
        let row = enrolment_code::Entity::find().filter(open).one(rooms.store.read()).await.unwrap().unwrap();
        let aside = db.put_aside("enrolment_code", row.id).await;
        let invited = db.put_aside("account", omkar.account).await;
        omkar.enrol(&identity, &code).await.unwrap();
        db.put_back(&aside).await;
        assert!(
            matches!(omkar.enrol(&identity, &code).await, Err(IdentityError::WrongCode)),
            "it is active already"
        );
        db.put_back(&invited).await;
        assert_eq!(violation(omkar.enrol(&identity, &code).await), "account: stale");
    }
}

#[tokio::test]
async fn an_account_made_by_hand_is_nobody() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let token = omkar.login(&identity).await;
        db.as_dba(&format!("DELETE FROM account WHERE id = {}", db.id(omkar.account))).await;
        assert_eq!(violation(identity.actor(&token).await), "account: missing");
        assert_eq!(
            identity.list_users(medicrypt::identity::UserFilter::default(), 10).await.unwrap().len(),
            0
        );
        assert_eq!(Role::Doctor, omkar_role(&rooms, omkar.account).await, "the ledger still knows");
    }
}

/// The role under which the account enrolled, as the ledger has it.
async fn omkar_role(rooms: &Rooms, account: Uuid) -> Role {
    let filter = medicrypt::ledger::Filter { action: Some("ENROL".to_owned()), ..Default::default() };
    match rooms.ledger.entries(&filter, 1).await.unwrap()[0].by {
        medicrypt::ledger::By::Account(id, role) if id == account => role,
        other => panic!("{other:?}"),
    }
}

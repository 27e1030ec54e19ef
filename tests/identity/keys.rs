//! Keys through time: replaced, revoked, dated back.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto::{
    signature::PrivateKey,
    signed_text::{ReplaceKey, SignedText as _},
};
use entity::KeyStatus;
use medicrypt::identity::{Identity, IdentityError};

use crate::{
    people::{doctor, enrolled, identity, invite, key, write},
    support::{self, Rooms},
};

fn text(user: &str, old: &PrivateKey, new: &PrivateKey) -> String {
    let text = ReplaceKey {
        user: user.to_owned(),
        old_key_id: old.public().key_id(),
        new_key_id: new.public().key_id(),
        new_key_spki: STANDARD.encode(new.public().spki_der()),
    };
    text.text().unwrap()
}

async fn revoke(
    rooms: &Rooms,
    identity: &Identity,
    key: &PrivateKey,
    since: Option<i64>,
) -> Result<(), IdentityError> {
    let key_id = key.public().key_id();
    write(rooms, identity, move |identity, tx| {
        let key_id = key_id.clone();
        Box::pin(async move { identity.revoke(tx, &key_id, since).await })
    })
    .await
}

#[tokio::test]
async fn a_replaced_key_keeps_what_it_signed_and_signs_no_more() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let actor = omkar.actor(&identity).await;
        let signed_at = *rooms.ledger.head().borrow();
        let text = text(&omkar.username, key(0), key(1));
        let (by_old, by_new) = (key(0).sign(text.as_bytes()).unwrap(), key(1).sign(text.as_bytes()).unwrap());
        let new = identity.replace_key(&actor, key(1).public().clone(), &by_old, &by_new).await.unwrap();
        let old = identity.signing_key(&key(0).public().key_id()).await.unwrap();
        assert_eq!(
            (old.account, old.status, old.until),
            (omkar.account, KeyStatus::Replaced, Some(new.since))
        );
        assert!(old.valid_at(signed_at) && !old.valid_at(new.since) && !old.valid_at(old.since - 1));
        assert!(new.valid_at(new.since) && !new.valid_at(signed_at));
        assert!(matches!(omkar.try_login(&identity).await, Err(IdentityError::WrongCredentials)));
        assert!(omkar.with_key(key(1)).try_login(&identity).await.is_ok());
        assert_eq!(identity.keys_of(omkar.account).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_key_is_replaced_only_by_both_signatures_and_never_by_a_key_seen_before() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        enrolled(&rooms, &identity, "rishi@doctor.kmc.edu", doctor(), 1).await;
        let actor = omkar.actor(&identity).await;
        let sign =
            |by: usize, new: usize| key(by).sign(text(&omkar.username, key(0), key(new)).as_bytes()).unwrap();
        let new = || key(2).public().clone();
        let only_new = identity.replace_key(&actor, new(), &sign(2, 2), &sign(2, 2)).await;
        assert!(matches!(only_new, Err(IdentityError::Signature)));
        let only_old = identity.replace_key(&actor, new(), &sign(0, 2), &sign(0, 2)).await;
        assert!(matches!(only_old, Err(IdentityError::Signature)));
        let others = identity.replace_key(&actor, key(1).public().clone(), &sign(0, 1), &sign(1, 1)).await;
        assert!(matches!(others, Err(IdentityError::KeyInUse)));
        identity.replace_key(&actor, new(), &sign(0, 2), &sign(2, 2)).await.unwrap();
    }
}

#[tokio::test]
async fn a_revoked_key_counts_until_it_was_revoked_or_until_it_was_in_other_hands() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let token = omkar.login(&identity).await;
        let key_id = key(0).public().key_id();
        let signed_at = *rooms.ledger.head().borrow();
        revoke(&rooms, &identity, key(0), None).await.unwrap();
        let revoked = identity.signing_key(&key_id).await.unwrap();
        assert_eq!(revoked.status, KeyStatus::Revoked);
        assert!(revoked.valid_at(signed_at) && !revoked.valid_at(signed_at + 1));
        assert!(
            matches!(identity.actor(&token).await, Err(IdentityError::Unauthenticated)),
            "sessions are closed"
        );
        assert!(matches!(omkar.try_login(&identity).await, Err(IdentityError::WrongCredentials)));
        revoke(&rooms, &identity, key(0), Some(signed_at)).await.unwrap();
        let dated_back = identity.signing_key(&key_id).await.unwrap();
        assert!(!dated_back.valid_at(signed_at) && dated_back.valid_at(signed_at - 1));
        revoke(&rooms, &identity, key(0), Some(signed_at + 1)).await.unwrap();
        assert_eq!(identity.signing_key(&key_id).await.unwrap().until, Some(signed_at), "never forward");
        let future = revoke(&rooms, &identity, key(0), Some(1_000_000)).await;
        assert!(matches!(future, Err(IdentityError::NoSuchEntry(1_000_000))));
        let nobodys = revoke(&rooms, &identity, key(4), None).await;
        assert!(matches!(nobodys, Err(IdentityError::NotFound)));
    }
}

#[tokio::test]
async fn a_new_enrolment_replaces_the_key_and_a_revoked_one_never_comes_back() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let code = invite(&rooms, &identity, omkar.account).await.unwrap().code;
        omkar.with_key(key(1)).enrol(&identity, &code).await.unwrap();
        let old = identity.signing_key(&key(0).public().key_id()).await.unwrap();
        assert_eq!(old.status, KeyStatus::Replaced);
        revoke(&rooms, &identity, key(1), None).await.unwrap();
        let code = invite(&rooms, &identity, omkar.account).await.unwrap().code;
        for known in [0, 1] {
            let again = omkar.with_key(key(known)).enrol(&identity, &code).await;
            assert!(matches!(again, Err(IdentityError::KeyInUse)), "{db}: {again:?}");
        }
        omkar.with_key(key(2)).enrol(&identity, &code).await.unwrap();
        assert!(omkar.with_key(key(2)).try_login(&identity).await.is_ok());
        assert!(rooms.ledger.verify_rows(|_, _| ()).await.unwrap().is_empty());
    }
}

//! Sessions end when they should, and at once.

use medicrypt::identity::{Attribute, IdentityError};

use crate::{
    people::{disable, doctor, enrolled, identity, invite, write},
    support::{self, TestClock},
};

#[tokio::test]
async fn a_session_ends_by_logout_and_only_that_one() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let (ward, home) = (omkar.login(&identity).await, omkar.login(&identity).await);
        identity.logout(&identity.actor(&ward).await.unwrap()).await.unwrap();
        assert!(matches!(identity.actor(&ward).await, Err(IdentityError::Unauthenticated)));
        assert!(identity.actor(&home).await.is_ok());
    }
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_session() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let rishi = enrolled(&rooms, &identity, "rishi@doctor.kmc.edu", doctor(), 1).await;
        let (ward, home, others) =
            (omkar.login(&identity).await, omkar.login(&identity).await, rishi.login(&identity).await);
        identity.logout_everywhere(&identity.actor(&ward).await.unwrap()).await.unwrap();
        for token in [ward, home] {
            assert!(matches!(identity.actor(&token).await, Err(IdentityError::Unauthenticated)));
        }
        assert!(identity.actor(&others).await.is_ok());
    }
}

#[tokio::test]
async fn a_session_lasts_twelve_hours() {
    for db in support::databases().await {
        let clock = TestClock::at(1_800_000_000_000);
        let rooms = support::open_at(&db, clock.clone()).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let token = omkar.login(&identity).await;
        clock.advance(12 * 3_600_000 - 1);
        assert!(identity.actor(&token).await.is_ok());
        clock.advance(1);
        assert!(matches!(identity.actor(&token).await, Err(IdentityError::Unauthenticated)));
    }
}

#[tokio::test]
async fn a_session_outlives_a_restart_of_the_server() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let before = identity(&rooms).await;
        let omkar = enrolled(&rooms, &before, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let token = omkar.login(&before).await;
        drop(before);
        let rooms = rooms.reopen(&db).await;
        assert_eq!(identity(&rooms).await.actor(&token).await.unwrap().account(), omkar.account);
    }
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once_and_stays_out() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let token = omkar.login(&identity).await;
        disable(&rooms, &identity, omkar.account).await.unwrap();
        assert!(matches!(identity.actor(&token).await, Err(IdentityError::Unauthenticated)));
        assert!(matches!(omkar.try_login(&identity).await, Err(IdentityError::WrongCredentials)));
    }
}

#[tokio::test]
async fn sessions_from_before_a_new_enrolment_stay_closed_after_it() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let token = omkar.login(&identity).await;
        let code = invite(&rooms, &identity, omkar.account).await.unwrap().code;
        assert!(matches!(omkar.try_login(&identity).await, Err(IdentityError::WrongCredentials)));
        omkar.with_password("another horse").enrol(&identity, &code).await.unwrap();
        assert!(matches!(identity.actor(&token).await, Err(IdentityError::Unauthenticated)));
        assert!(matches!(omkar.try_login(&identity).await, Err(IdentityError::WrongCredentials)));
        assert!(omkar.with_password("another horse").try_login(&identity).await.is_ok());
    }
}

#[tokio::test]
async fn a_changed_attribute_holds_from_the_next_request_on() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let token = omkar.login(&identity).await;
        let before = identity.actor(&token).await.unwrap();
        let account = omkar.account;
        for (attribute, value) in [
            (Attribute::Department, Some("Neurology")),
            (Attribute::Pharmacy, Some("KMC")),
            (Attribute::Hospital, None),
        ] {
            write(&rooms, &identity, move |identity, tx| {
                Box::pin(async move { identity.set_attribute(tx, account, attribute, value).await })
            })
            .await
            .unwrap();
        }
        let after = identity.actor(&token).await.unwrap();
        let get = |key: &str| after.attributes().get(key).map(String::as_str);
        assert_eq!(
            [get("department"), get("pharmacy"), get("hospital")],
            [Some("Neurology"), Some("KMC"), None]
        );
        assert_ne!(before.facts(), after.facts(), "permits of the actor from before are stale");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_actor_that_is_read_while_its_account_changes_is_no_violation() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let (token, account) = (omkar.login(&identity).await, omkar.account);
        let reads: Vec<_> = (0..6)
            .map(|_| {
                let (identity, token) = (identity.clone(), token.clone());
                tokio::spawn(async move {
                    for _ in 0..50 {
                        identity.actor(&token).await.unwrap();
                    }
                })
            })
            .collect();
        for ward in ["One", "Two"].repeat(20) {
            write(&rooms, &identity, move |identity, tx| {
                Box::pin(async move {
                    identity.set_attribute(tx, account, Attribute::Department, Some(ward)).await
                })
            })
            .await
            .unwrap();
        }
        for read in reads {
            read.await.unwrap();
        }
    }
}

#[tokio::test]
async fn logging_out_many_times_at_once_is_no_violation() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = enrolled(&rooms, &identity, "omkar@doctor.kmc.edu", doctor(), 0).await;
        let actor = omkar.actor(&identity).await;
        let done = futures::future::join_all((0..8).map(|_| identity.logout(&actor))).await;
        assert!(done.iter().all(Result::is_ok), "{db}: {done:?}");
    }
}

//! Password and proof of possession; one answer to every failure; guessing is slowed, and nobody is locked out.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use entity::{challenge, ledger, session};
use futures::future::join_all;
use medicrypt::{
    identity::{Identity, IdentityError, LoginInput, Settings},
    keyring::{Keyring, Master},
    ledger::{Filter, Ledger},
    store::{Store, Strength, Surroundings, SystemClock},
};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};

use crate::{
    people::{self, ORIGIN, Person, doctor, enrolled, identity, identity_with, key},
    support::{self, Rooms, TestClock},
};

async fn omkar(rooms: &Rooms, identity: &Identity) -> Person {
    enrolled(rooms, identity, "omkar@doctor.kmc.edu", doctor(), 0).await
}

fn code<T>(result: Result<T, IdentityError>) -> &'static str {
    result.err().map_or("no error", |error| error.code())
}

#[tokio::test]
async fn a_doctor_logs_in_and_is_known_with_role_and_attributes() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = omkar(&rooms, &identity).await;
        let session = omkar.try_login(&identity).await.unwrap();
        let actor = identity.actor(&session.token).await.unwrap();
        assert_eq!((actor.account(), actor.role()), (omkar.account, entity::Role::Doctor));
        let attributes: Vec<_> =
            actor.attributes().iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let user_id = omkar.account.to_string();
        let known = [
            ("department", "Cardiology"),
            ("hospital", "KMC"),
            ("role", "doctor"),
            ("specialty", "Interventional"),
            ("user_id", &user_id),
        ];
        assert_eq!(attributes, known);
        let facts: Vec<_> = actor.facts().iter().map(|(table, id, _)| (*table, *id)).collect();
        assert_eq!(facts, [("session", actor.session()), ("account", omkar.account)]);
        assert_eq!(actor.patient(), None);
    }
}

#[tokio::test]
async fn every_failure_is_one_error_with_the_same_rows_behind_it() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = omkar(&rooms, &identity).await;
        let rishi = enrolled(&rooms, &identity, "rishi@doctor.kmc.edu", doctor(), 2).await;
        let stranger = Person { username: "nobody@doctor.kmc.edu".to_owned(), ..omkar.clone() };
        let short = Person { username: "x".to_owned(), ..omkar.clone() };
        let mut seen = BTreeSet::new();
        for attempt in [
            stranger,
            short,
            omkar.with_password("wrong horse"),
            omkar.with_key(key(1)),
            omkar.with_key(rishi.key),
            omkar.with_key(key(1)).with_password("wrong horse"),
        ] {
            let before = counts(&rooms).await;
            let refused = attempt.try_login(&identity).await.err().unwrap();
            let after = counts(&rooms).await;
            let rows: Vec<_> = after.iter().zip(before).map(|(after, before)| after - before).collect();
            seen.insert((refused.code(), refused.to_string(), rows));
        }
        assert_eq!(seen.len(), 1, "{db}: {seen:?}");
    }
}

async fn counts(rooms: &Rooms) -> [u64; 3] {
    let read = rooms.store.read();
    [
        ledger::Entity::find().count(read).await.unwrap(),
        challenge::Entity::find().count(read).await.unwrap(),
        session::Entity::find().count(read).await.unwrap(),
    ]
}

#[tokio::test]
async fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    let db = support::sqlite();
    // bcrypt of cost 10 is most of the time of such a login, and none of a login that skips it.
    let strength = Strength { bcrypt_cost: 10, ..Strength::TESTS };
    let store = Arc::new(Store::open(db.location()).await.unwrap());
    let around = Surroundings::new(Arc::new(SystemClock), strength);
    let (keyring, unsealer) =
        Keyring::open(store.clone(), around, &Master::Directory(db.master())).await.unwrap();
    let keyring = Arc::new(keyring);
    let ledger = Ledger::open(
        store.clone(),
        keyring.clone(),
        unsealer.clone(),
        db.checkpoints(),
        support::PAILLIER_PUBLIC,
    );
    let rooms = Rooms { store, keyring, unsealer, ledger: ledger.await.unwrap() };
    let identity = identity(&rooms).await;
    let omkar = omkar(&rooms, &identity).await;
    let stranger = Person { username: "nobody@doctor.kmc.edu".to_owned(), ..omkar.clone() };
    let people = [omkar.with_password("wrong horse"), stranger, omkar.with_key(key(1))];
    // The least of several, taken in turns: what else the machine does slows all three down, and the least hardly.
    let mut least = [Duration::MAX; 3];
    for round in 0..5 {
        for (person, least) in people.iter().zip(&mut least) {
            let challenge = identity.login_challenge(&person.username).await.unwrap();
            let address = format!("192.0.2.{round}");
            let attempt = LoginInput { address, ..person.answer(&challenge) };
            let begun = Instant::now();
            assert_eq!(code(identity.login(attempt).await), "INVALID_CREDENTIALS");
            *least = begun.elapsed().min(*least);
        }
    }
    let [known, others @ ..] = least;
    assert!(others.iter().all(|other| *other * 3 > known), "{others:?} against {known:?}");
}

#[tokio::test]
async fn a_challenge_is_answered_once() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = omkar(&rooms, &identity).await;
        let challenge = identity.login_challenge(&omkar.username).await.unwrap();
        let answer = omkar.answer(&challenge);
        identity.login(answer.clone()).await.unwrap();
        assert_eq!(code(identity.login(answer).await), "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn a_failed_attempt_spends_its_challenge_too() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = omkar(&rooms, &identity).await;
        let challenge = identity.login_challenge(&omkar.username).await.unwrap();
        let wrong = omkar.with_password("wrong horse").answer(&challenge);
        assert_eq!(code(identity.login(wrong).await), "INVALID_CREDENTIALS");
        assert_eq!(code(identity.login(omkar.answer(&challenge)).await), "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn a_challenge_used_many_times_at_once_gives_one_session() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = omkar(&rooms, &identity).await;
        let challenge = identity.login_challenge(&omkar.username).await.unwrap();
        let logins = join_all((0..5).map(|_| identity.login(omkar.answer(&challenge)))).await;
        let codes: Vec<_> = logins.into_iter().map(code).collect();
        assert_eq!(codes.iter().filter(|code| **code == "no error").count(), 1, "{db}: {codes:?}");
        assert_eq!(codes.iter().filter(|code| **code == "INVALID_CREDENTIALS").count(), 4, "{db}: {codes:?}");
        assert_eq!(session::Entity::find().count(rooms.store.read()).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_challenge_is_for_one_user_and_for_two_minutes() {
    for db in support::databases().await {
        let clock = TestClock::at(1_800_000_000_000);
        let rooms = support::open_at(&db, clock.clone()).await;
        let identity = identity(&rooms).await;
        let omkar = omkar(&rooms, &identity).await;
        let others = identity.login_challenge("rishi@doctor.kmc.edu").await.unwrap();
        assert_eq!(code(identity.login(omkar.answer(&others)).await), "INVALID_CREDENTIALS");
        let challenge = identity.login_challenge(&omkar.username).await.unwrap();
        clock.advance(120_000);
        assert_eq!(code(identity.login(omkar.answer(&challenge)).await), "INVALID_CREDENTIALS");
        let challenge = identity.login_challenge(&omkar.username).await.unwrap();
        clock.advance(119_999);
        assert_eq!(code(identity.login(omkar.answer(&challenge)).await), "no error");
    }
}

#[tokio::test]
async fn a_login_signed_for_another_server_is_refused_here() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let at = |origin: &str| Settings { origins: vec![origin.to_owned()], ..Settings::default() };
        let here = identity_with(&rooms, at(ORIGIN)).await;
        let elsewhere = identity_with(&rooms, at("https://other.example")).await;
        let omkar = omkar(&rooms, &here).await;
        assert_eq!(code(omkar.try_login(&here).await), "no error");
        assert_eq!(code(omkar.try_login(&elsewhere).await), "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn a_signature_over_other_fields_is_refused() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = omkar(&rooms, &identity).await;
        let challenge = identity.login_challenge(&omkar.username).await.unwrap();
        let mut answer = omkar.answer(&challenge);
        answer.origin = "https://other.example".to_owned();
        assert_eq!(code(identity.login(answer).await), "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn guessing_passwords_with_the_key_is_slowed_down_even_all_at_once() {
    for db in support::databases().await {
        let clock = TestClock::at(1_800_000_000_000);
        let rooms = support::open_at(&db, clock.clone()).await;
        let identity = identity(&rooms).await;
        let omkar = omkar(&rooms, &identity).await;
        let guess = omkar.with_password("wrong horse");
        let guesses = join_all((0..20).map(|_| guess.try_login(&identity))).await;
        let heard = guesses.into_iter().map(code).filter(|code| *code == "INVALID_CREDENTIALS").count();
        assert_eq!(heard, 6, "{db}");
        match omkar.try_login(&identity).await {
            Err(IdentityError::TooManyAttempts { retry_seconds }) => assert_eq!(retry_seconds, 2),
            other => panic!("{other:?}"),
        }
        clock.advance(2_000);
        assert_eq!(code(guess.try_login(&identity).await), "INVALID_CREDENTIALS");
        clock.advance(2_000);
        assert_eq!(code(omkar.try_login(&identity).await), "TOO_MANY_ATTEMPTS", "the wait has doubled");
        clock.advance(2_000);
        assert_eq!(code(omkar.try_login(&identity).await), "no error");
        assert_eq!(
            code(guess.try_login(&identity).await),
            "INVALID_CREDENTIALS",
            "a login starts the count anew"
        );
        assert_eq!(code(omkar.try_login(&identity).await), "no error");
    }
}

#[tokio::test]
async fn nobody_without_the_key_can_lock_a_doctor_out() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = omkar(&rooms, &identity).await;
        let attacker = omkar.with_key(key(1));
        let mut slowed = 0;
        for _ in 0..10 {
            slowed += usize::from(code(attacker.try_login(&identity).await) == "TOO_MANY_ATTEMPTS");
        }
        assert_eq!(slowed, 4, "{db}: the attacker's address is slowed down after six");
        assert_eq!(code(omkar.try_login(&identity).await), "no error", "{db}: from the very same address");
    }
}

#[tokio::test]
async fn every_login_and_every_failure_is_in_the_ledger() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let omkar = omkar(&rooms, &identity).await;
        omkar.try_login(&identity).await.unwrap();
        omkar.with_password("wrong horse").try_login(&identity).await.unwrap_err();
        let filter = Filter { action: Some("LOGIN".to_owned()), ..Filter::default() };
        let entries = rooms.ledger.entries(&filter, 10).await.unwrap();
        let outcomes: Vec<_> = entries.iter().map(|entry| entry.outcome.as_str()).collect();
        assert_eq!(outcomes, ["DENIED", "GRANTED"]);
        let about = (String::from("address"), people::ADDRESS.to_owned());
        assert!(entries.iter().all(|entry| entry.about.contains(&about)));
        assert!(rooms.ledger.verify_rows(|_, _| ()).await.unwrap().is_empty());
    }
}

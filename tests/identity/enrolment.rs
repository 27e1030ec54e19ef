//! How accounts come to be: by the desk, by an import, by patients themselves.

use crypto::signature::{PublicKey, holds_private_key};
use entity::{Role, UserStatus, patient};
use medicrypt::{
    identity::{
        IdentityError, NewUser, PatientDetails, PersonName, Profile, Registration, UserFilter, Username,
    },
    keyring::PatientKey,
};
use std::sync::Arc;
use uuid::Uuid;

use crate::{
    people::{
        self, Person, admin, create, doctor, enrolled, identity, invite, key, new_user, pharmacist, write,
    },
    support::{self, Rooms, TestClock},
};

#[tokio::test]
async fn a_code_is_good_once_and_a_new_one_kills_the_old() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let account = create(&rooms, &identity, new_user("omkar@doctor.kmc.edu", "Omkar Nayak", doctor()))
            .await
            .unwrap();
        let omkar = person(account, "omkar@doctor.kmc.edu", 0);
        let old = invite(&rooms, &identity, account).await.unwrap().code;
        let new = invite(&rooms, &identity, account).await.unwrap().code;
        assert!(matches!(omkar.enrol(&identity, &old).await, Err(IdentityError::WrongCode)));
        let enrolled = omkar.enrol(&identity, &new).await.unwrap();
        assert_eq!((enrolled.account, enrolled.role), (account, Role::Doctor));
        assert!(matches!(omkar.enrol(&identity, &new).await, Err(IdentityError::WrongCode)));
        assert!(omkar.try_login(&identity).await.is_ok());
    }
}

#[tokio::test]
async fn a_code_used_many_times_at_once_enrols_once() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let account = create(&rooms, &identity, new_user("omkar@doctor.kmc.edu", "Omkar Nayak", doctor()))
            .await
            .unwrap();
        let code = invite(&rooms, &identity, account).await.unwrap().code;
        let people: Vec<_> = (0..4).map(|n| person(account, "omkar@doctor.kmc.edu", n)).collect();
        let done =
            futures::future::join_all(people.iter().map(|person| person.enrol(&identity, &code))).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1, "{db}: {done:?}");
        let refused = done.iter().filter(|done| matches!(done, Err(IdentityError::WrongCode))).count();
        assert_eq!(refused, 3, "{db}: {done:?}");
        assert_eq!(identity.keys_of(account).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_code_is_good_for_three_days_however_it_is_typed() {
    for db in support::databases().await {
        let clock = TestClock::at(1_800_000_000_000);
        let rooms = support::open_at(&db, clock.clone()).await;
        let identity = identity(&rooms).await;
        let account = create(&rooms, &identity, new_user("omkar@doctor.kmc.edu", "Omkar Nayak", doctor()))
            .await
            .unwrap();
        let omkar = person(account, "omkar@doctor.kmc.edu", 0);
        let code = invite(&rooms, &identity, account).await.unwrap().code;
        clock.advance(72 * 3_600_000);
        assert!(matches!(omkar.enrol(&identity, &code).await, Err(IdentityError::WrongCode)));
        let code = invite(&rooms, &identity, account).await.unwrap().code;
        clock.advance(72 * 3_600_000 - 1);
        let typed =
            secrecy::ExposeSecret::expose_secret(&code).to_lowercase().replace('-', " ").replace('0', "o");
        omkar.enrol(&identity, &typed.into()).await.unwrap();
    }
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_code_are_one_error() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let account = create(&rooms, &identity, new_user("omkar@doctor.kmc.edu", "Omkar Nayak", doctor()))
            .await
            .unwrap();
        let code = invite(&rooms, &identity, account).await.unwrap().code;
        let wrong = "0000-0000-0000-0000-0000-0000-0000-0000".to_owned().into();
        let stranger = person(account, "nobody@doctor.kmc.edu", 0);
        let omkar = person(account, "omkar@doctor.kmc.edu", 0);
        assert!(matches!(stranger.enrol(&identity, &code).await, Err(IdentityError::WrongCode)));
        for _ in 0..5 {
            assert!(matches!(omkar.enrol(&identity, &wrong).await, Err(IdentityError::WrongCode)));
        }
        assert!(matches!(omkar.enrol(&identity, &wrong).await, Err(IdentityError::TooManyAttempts { .. })));
        assert!(omkar.enrol(&identity, &code).await.is_ok(), "who has the code is not kept waiting");
    }
}

#[tokio::test]
async fn enrolment_wants_possession_a_key_of_ones_own_and_a_good_password() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        enrolled(&rooms, &identity, "rishi@doctor.kmc.edu", doctor(), 1).await;
        let account = create(&rooms, &identity, new_user("omkar@doctor.kmc.edu", "Omkar Nayak", doctor()))
            .await
            .unwrap();
        let code = invite(&rooms, &identity, account).await.unwrap().code;
        let omkar = person(account, "omkar@doctor.kmc.edu", 0);
        let mut stolen = omkar.enrolment(&code);
        stolen.key = key(2).public().clone();
        assert!(matches!(identity.enrol(stolen).await, Err(IdentityError::Signature)));
        assert!(matches!(omkar.with_key(key(1)).enrol(&identity, &code).await, Err(IdentityError::KeyInUse)));
        assert!(matches!(
            omkar.with_password("password").enrol(&identity, &code).await,
            Err(IdentityError::Password(_))
        ));
        omkar.enrol(&identity, &code).await.unwrap();
    }
}

#[test]
fn a_private_key_that_is_uploaded_is_no_public_key_and_is_recognised() {
    let pem = key(0).to_pem().unwrap();
    assert!(PublicKey::from_spki_pem(&pem).is_err());
    assert!(holds_private_key(&pem));
}

#[tokio::test]
async fn a_user_name_is_taken_once_also_by_two_at_the_same_time() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let both = ["Omkar@doctor.kmc.edu", "omkar@DOCTOR.kmc.edu "]
            .map(|name| new_user(name, "Omkar Nayak", doctor()));
        let made = futures::future::join_all(both.clone().map(|user| create(&rooms, &identity, user))).await;
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{db}: {made:?}");
        assert!(made.iter().any(|made| matches!(made, Err(IdentityError::UsernameTaken))), "{db}: {made:?}");
        let [again, _] = both;
        assert!(matches!(create(&rooms, &identity, again).await, Err(IdentityError::UsernameTaken)));
    }
}

#[tokio::test]
async fn an_import_makes_disabled_accounts_in_one_go_and_the_desk_opens_them() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        let users: Vec<NewUser> = (0..250)
            .map(|n| NewUser {
                imported: true,
                ..new_user(&format!("dr{n}@import"), "Imported Doctor", doctor())
            })
            .collect();
        let made = write(&rooms, &identity, move |identity, tx| {
            let users = users.clone();
            Box::pin(async move { identity.create_all(tx, &users).await })
        });
        let made = made.await.unwrap();
        let filter = UserFilter { status: Some(UserStatus::Disabled), ..UserFilter::default() };
        assert_eq!(identity.list_users(filter, 1_000).await.unwrap().len(), 250);
        let code = invite(&rooms, &identity, made[7]).await.unwrap().code;
        let doctor = person(made[7], "dr7@import", 0);
        doctor.enrol(&identity, &code).await.unwrap();
        assert_eq!(doctor.actor(&identity).await.account(), made[7]);
        assert!(rooms.ledger.verify_rows(|_, _| ()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_patient_registers_without_the_desk_and_is_tied_to_the_patient() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        for (n, username) in [(0, "harsh@patient.example"), (1, "harsh2@patient.example")] {
            let free = identity.free_username("Hársh").await.unwrap();
            assert_eq!(free.as_str(), username);
            let harsh = person(Uuid::nil(), username, n);
            let challenge = identity.login_challenge(username).await.unwrap();
            let registration = registration(&harsh, &challenge);
            let proven = identity.prove(&registration).await.unwrap();
            let key = Arc::new(new_patient(&rooms).await);
            let patient = key.patient();
            let account = write(&rooms, &identity, move |identity, tx| {
                let (proven, key) = (proven.clone(), key.clone());
                Box::pin(async move {
                    tx.insert(patient_row(key.patient())).await?;
                    let profile = Profile::Patient(key, PatientDetails { self_registered: true });
                    let name = PersonName::parse("Harsh Singh").unwrap();
                    let user = NewUser {
                        id: None,
                        username: proven.username().clone(),
                        name,
                        profile,
                        imported: false,
                    };
                    identity.register(tx, &user, &proven).await
                })
            });
            let account = account.await.unwrap();
            assert!(
                matches!(identity.prove(&registration).await, Err(IdentityError::WrongCredentials)),
                "used twice"
            );
            let actor = harsh.actor(&identity).await;
            assert_eq!(
                (actor.account(), actor.role(), actor.patient()),
                (account, Role::Patient, Some(patient))
            );
        }
    }
}

#[tokio::test]
async fn a_page_of_users_goes_on_where_the_last_one_ended() {
    for db in support::databases().await {
        let rooms = support::open(&db).await;
        let identity = identity(&rooms).await;
        for (n, profile) in [doctor(), admin(), pharmacist(), doctor(), doctor()].into_iter().enumerate() {
            create(&rooms, &identity, new_user(&format!("user{n}@kmc.edu"), &format!("User {n}"), profile))
                .await
                .unwrap();
        }
        let (mut filter, mut names) =
            (UserFilter { role: Some(Role::Doctor), ..UserFilter::default() }, Vec::new());
        loop {
            let page = identity.list_users(filter, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            filter.after = Some((last.created_ms, last.id));
            names.extend(page.iter().map(|user| user.name.as_str().to_owned()));
        }
        names.sort();
        assert_eq!(names, ["User 0", "User 3", "User 4"]);
        let found = identity.find_user(&Username::parse("USER2@kmc.edu").unwrap()).await.unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.role), ("User 2", Role::Pharmacist));
    }
}

fn person(account: Uuid, username: &str, n: usize) -> Person {
    Person { account, username: username.to_owned(), password: "correct horse".to_owned(), key: key(n) }
}

fn registration(person: &Person, challenge: &str) -> Registration {
    let enrolment = person.enrolment(&challenge.to_owned().into());
    Registration {
        username: enrolment.username,
        challenge: challenge.to_owned(),
        password: enrolment.password,
        key: enrolment.key,
        signature: enrolment.signature,
    }
}

async fn new_patient(rooms: &Rooms) -> PatientKey {
    let patient = rooms.keyring.around().uuid();
    rooms.keyring.create_patients(&[patient]).await.unwrap();
    rooms.keyring.patient(patient).await.unwrap()
}

/// What the clinic would write.
fn patient_row(id: Uuid) -> patient::Model {
    let demographics = entity::Sealed::new(Vec::new());
    patient::Model {
        id,
        source_tag: None,
        key_generation: 1,
        demographics,
        created_ms: 0,
        version: 1,
        tag: Vec::new(),
    }
}

#[tokio::test]
async fn a_stolen_database_names_nobody_and_logs_nobody_in() {
    let db = support::sqlite();
    let rooms = support::open(&db).await;
    let identity = identity(&rooms).await;
    let account =
        create(&rooms, &identity, new_user("omkar@doctor.kmc.edu", "Omkar Nayak", doctor())).await.unwrap();
    let code = invite(&rooms, &identity, account).await.unwrap().code;
    let omkar = person(account, "omkar@doctor.kmc.edu", 0);
    omkar.enrol(&identity, &code).await.unwrap();
    let token = omkar.login(&identity).await;
    let expose = secrecy::ExposeSecret::expose_secret;
    let secrets = ["omkar", "Nayak", "Cardiology", "$2b$", expose(&token), expose(&code), people::ADDRESS];
    let mut read = 0;
    let medicrypt::store::Location::Sqlite(data) = db.location() else { unreachable!("it is SQLite") };
    for file in std::fs::read_dir(data).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        read += bytes.len();
        for secret in secrets {
            assert!(
                !bytes.windows(secret.len()).any(|part| part == secret.as_bytes()),
                "`{secret}` is readable"
            );
        }
    }
    assert!(read > 100_000, "only {read} bytes were looked at");
}

//! People who enrol and log in for real: there is no other way to an `Actor`.
#![allow(dead_code, reason = "not every test file uses every helper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::{Arc, LazyLock};

use crypto::{
    signature::PrivateKey,
    signed_text::{Enrol, Login, LoginPurpose, SignedText as _, text_hash},
};
use futures::future::BoxFuture;
use medicrypt::{
    identity::{
        Actor, AdminDetails, DoctorDetails, EnrolInput, Enrolled, Identity, IdentityError, Invitation,
        LoggedIn, LoginInput, NewUser, PersonName, PharmacistDetails, Profile, Settings, Username,
    },
    ledger::{By, Draft, LedgerError, Outcome, Tx, Written},
};
use rand::{SeedableRng as _, rngs::StdRng};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::support::Rooms;

/// Where people log in from, and to.
pub(crate) const ADDRESS: &str = "192.0.2.7";
pub(crate) const ORIGIN: &str = "https://records.example";

/// Keys, made once for all tests of a file: each person of a test takes another one.
static KEYS: LazyLock<[PrivateKey; 5]> = LazyLock::new(|| {
    std::array::from_fn(|n| PrivateKey::generate(2048, &mut StdRng::seed_from_u64(n as u64)).unwrap())
});

pub(crate) fn key(n: usize) -> &'static PrivateKey {
    &KEYS[n]
}

/// The identity room over the rooms below it.
pub(crate) async fn identity(rooms: &Rooms) -> Identity {
    identity_with(rooms, Settings::default()).await
}

pub(crate) async fn identity_with(rooms: &Rooms, settings: Settings) -> Identity {
    let Rooms { store, keyring, unsealer, ledger } = rooms;
    Identity::new(store.clone(), keyring.clone(), unsealer.clone(), ledger.clone(), settings).await.unwrap()
}

/// One write transaction with the entry that stands for it.
pub(crate) async fn write<T, F>(rooms: &Rooms, identity: &Identity, job: F) -> Result<T, IdentityError>
where
    F: for<'t> Fn(Identity, &'t mut Tx) -> BoxFuture<'t, Result<T, IdentityError>> + Send + Sync + 'static,
    T: Send + 'static,
{
    let (identity, job) = (identity.clone(), Arc::new(job));
    let written: Result<Written<T>, IdentityError> = rooms
        .ledger
        .write("test", move |tx| {
            let (identity, job) = (identity.clone(), job.clone());
            Box::pin(async move {
                let value = job(identity, tx).await?;
                tx.append(Draft::new(By::System, "TEST", Outcome::Done));
                Ok(value)
            })
        })
        .await;
    written.map(|written| written.value)
}

pub(crate) fn doctor() -> Profile {
    let [department, specialty, hospital] = ["Cardiology", "Interventional", "KMC"].map(str::to_owned);
    Profile::Doctor(DoctorDetails { department, specialty, hospital })
}

pub(crate) fn pharmacist() -> Profile {
    Profile::Pharmacist(PharmacistDetails {
        pharmacy: "KMC Pharmacy".to_owned(),
        licence: "PHKMC001".to_owned(),
    })
}

pub(crate) fn admin() -> Profile {
    Profile::Admin(AdminDetails { department: "Records".to_owned() })
}

/// An account to be made.
pub(crate) fn new_user(username: &str, name: &str, profile: Profile) -> NewUser {
    let (username, name) = (Username::parse(username).unwrap(), PersonName::parse(name).unwrap());
    NewUser { id: None, username, name, profile, imported: false }
}

pub(crate) async fn create(rooms: &Rooms, identity: &Identity, user: NewUser) -> Result<Uuid, IdentityError> {
    write(rooms, identity, move |identity, tx| {
        let user = user.clone();
        Box::pin(async move { identity.create(tx, &user).await })
    })
    .await
}

pub(crate) async fn invite(
    rooms: &Rooms,
    identity: &Identity,
    account: Uuid,
) -> Result<Invitation, IdentityError> {
    write(rooms, identity, move |identity, tx| Box::pin(async move { identity.invite(tx, account).await }))
        .await
}

pub(crate) async fn disable(rooms: &Rooms, identity: &Identity, account: Uuid) -> Result<(), IdentityError> {
    write(rooms, identity, move |identity, tx| Box::pin(async move { identity.disable(tx, account).await }))
        .await
}

/// Somebody with a user name, a password and a key.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) account: Uuid,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) key: &'static PrivateKey,
}

/// Creates, invites and enrols.
pub(crate) async fn enrolled(
    rooms: &Rooms,
    identity: &Identity,
    username: &str,
    profile: Profile,
    n: usize,
) -> Person {
    let account = create(rooms, identity, new_user(username, "Somebody", profile)).await.unwrap();
    let person =
        Person { account, username: username.to_owned(), password: "correct horse".to_owned(), key: key(n) };
    let code = invite(rooms, identity, account).await.unwrap().code;
    person.enrol(identity, &code).await.unwrap();
    person
}

impl Person {
    pub(crate) fn enrolment(&self, code: &SecretString) -> EnrolInput {
        let text = Enrol {
            user: self.username.clone(),
            code_hash: text_hash(code.expose_secret()),
            key_id: self.key.public().key_id(),
        };
        EnrolInput {
            username: self.username.clone(),
            code: code.clone(),
            password: self.password.clone().into(),
            key: self.key.public().clone(),
            signature: self.key.sign(text.text().unwrap().as_bytes()).unwrap(),
            address: ADDRESS.to_owned(),
        }
    }

    pub(crate) async fn enrol(
        &self,
        identity: &Identity,
        code: &SecretString,
    ) -> Result<Enrolled, IdentityError> {
        identity.enrol(self.enrolment(code)).await
    }

    /// What this person would send for a challenge.
    pub(crate) fn answer(&self, challenge: &str) -> LoginInput {
        let text = Login {
            user: self.username.clone(),
            challenge: challenge.to_owned(),
            purpose: LoginPurpose::Login,
            origin: ORIGIN.to_owned(),
            key_id: self.key.public().key_id(),
        };
        LoginInput {
            username: self.username.clone(),
            password: self.password.clone().into(),
            challenge: challenge.to_owned(),
            key_id: self.key.public().key_id(),
            origin: ORIGIN.to_owned(),
            signature: self.key.sign(text.text().unwrap().as_bytes()).unwrap(),
            address: ADDRESS.to_owned(),
        }
    }

    pub(crate) async fn try_login(&self, identity: &Identity) -> Result<LoggedIn, IdentityError> {
        let challenge = identity.login_challenge(&self.username).await?;
        identity.login(self.answer(&challenge)).await
    }

    pub(crate) async fn login(&self, identity: &Identity) -> SecretString {
        self.try_login(identity).await.unwrap().token
    }

    pub(crate) async fn actor(&self, identity: &Identity) -> Actor {
        identity.actor(&self.login(identity).await).await.unwrap()
    }

    pub(crate) fn with_password(&self, password: &str) -> Self {
        Self { password: password.to_owned(), ..self.clone() }
    }

    pub(crate) fn with_key(&self, key: &'static PrivateKey) -> Self {
        Self { key, ..self.clone() }
    }
}

/// Which row was found to be wrong, and how.
pub(crate) fn violation<T>(result: Result<T, IdentityError>) -> String {
    match result.err() {
        Some(IdentityError::Ledger(LedgerError::Integrity(violation))) => {
            format!("{}: {}", violation.table, violation.kind)
        }
        Some(other) => format!("another error: {other}"),
        None => "no error".to_owned(),
    }
}

//! How the hospital comes about: its rooms, its catalogue, its patients, and people who enrol for real.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use crypto::signed_text;
use medicrypt::{
    clinic::{ClinicError, medicine},
    identity::{NewUser, PersonName, Profile, Settings, Username},
    keyring::Master,
    ledger::{By, Draft, Outcome},
    schema::{self, Api},
    store::Surroundings,
    vault::payload::{Demographics, MedicineBody},
    world::{Opening, World, WorldError},
};
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

use super::{Client, PASSWORD, key, sign};
use crate::support::TestDb;

pub(crate) async fn world(db: &TestDb, around: Surroundings) -> World {
    try_world(db, around).await.unwrap_or_else(|error| panic!("{db} does not open: {error}"))
}

/// The same where a refusal is expected.
pub(crate) async fn try_world(db: &TestDb, around: Surroundings) -> Result<World, WorldError> {
    let opening = Opening {
        location: db.location().clone(),
        master: Master::Directory(db.master()),
        checkpoints: db.checkpoints(),
        around,
        identity: Settings::default(),
    };
    World::open(opening, schema::rules()).await
}

pub(super) async fn seed_medicines(world: &World) {
    let medicines = [("AMX250", "Amoxiplant", "250 mg"), ("PCM500", "Paracetamol", "500 mg")].map(
        |(code, name, strength)| MedicineBody {
            code: code.into(),
            name: name.into(),
            strength: strength.into(),
            form: "tablet".into(),
            price_cents: Some(250),
        },
    );
    let keyring = world.keyring.clone();
    let rows = medicines.map(|body| medicine::row(&keyring, Uuid::new_v4(), &body, false).unwrap()).to_vec();
    let seed = world.write("seed medicines", move |tx| {
        let rows = rows.clone();
        Box::pin(async move {
            tx.insert_all(rows).await?;
            tx.append(Draft::new(By::System, "MEDICINES_ADDED", Outcome::Done));
            Ok::<_, ClinicError>(())
        })
    });
    seed.await.unwrap();
}

pub(crate) async fn admit(world: &World, given: &str, family: &str) -> medicrypt::clinic::admit::Admission {
    let who = Demographics {
        mrn: None,
        given: given.into(),
        family: family.into(),
        sex: Some("female".into()),
        birth_date: Some("1970-01-01".into()),
        phone: None,
        deceased: false,
        smoking_status: None,
    };
    let admission = world.clinic.prepare_admission(who).await.unwrap();
    let (rooms, row) = (world.clone(), admission.clone());
    let write = world.write("admit", move |tx| {
        let (rooms, row) = (rooms.clone(), row.clone());
        Box::pin(async move {
            rooms.clinic.admit(tx, &row).await?;
            tx.append(
                Draft::new(By::System, "PATIENT_ADMITTED", Outcome::Done).of(row.key().clone(), "TREAT"),
            );
            Ok::<_, ClinicError>(())
        })
    });
    write.await.unwrap();
    admission
}

pub(crate) async fn relate(world: &World, patient: Uuid, account: Uuid) {
    let rooms = world.clone();
    let write = world.write("relate", move |tx| {
        let rooms = rooms.clone();
        Box::pin(async move {
            rooms.clinic.relate(tx, patient, account).await?;
            tx.append(Draft::new(By::System, "CARE_RELATION", Outcome::Done));
            Ok::<_, ClinicError>(())
        })
    });
    write.await.unwrap();
}

/// Creates the account on the host, enrols with the code and logs in, all as its user would.
pub(super) async fn join(world: &World, api: &Api, n: usize, username: &str, profile: Profile) -> Client {
    let user = NewUser {
        id: None,
        username: Username::parse(username).unwrap(),
        name: PersonName::parse(&format!("Name of {username}")).unwrap(),
        profile,
        imported: false,
    };
    let rooms = world.clone();
    let made = world.write("create user", move |tx| {
        let (rooms, user) = (rooms.clone(), user.clone());
        Box::pin(async move {
            let id = rooms.identity.create(tx, &user).await?;
            let invitation = rooms.identity.invite(tx, id).await?;
            tx.append(Draft::new(By::System, "USER_CREATED", Outcome::Done));
            Ok::<_, ClinicError>((id, invitation.code))
        })
    });
    let (account, code) = made.await.unwrap().value;
    let key = key(n);
    let around = world.keyring.around().clone();
    let mut client = Client {
        api: api.clone(),
        around,
        username: username.to_owned(),
        account,
        key: key.clone(),
        token: None,
    };
    let text = signed_text::Enrol {
        user: username.to_owned(),
        code_hash: URL_SAFE_NO_PAD.encode(crypto::mac::sha256(code.expose_secret().as_bytes())),
        key_id: key.public().key_id(),
    };
    let enrol = "mutation($input: EnrolInput!) { enrol(input: $input) { keyId } }";
    let input = json!({"username": username, "code": code.expose_secret(), "password": PASSWORD,
        "publicKey": key.public().spki_pem(), "signature": sign(&key, &text)});
    client.ask(enrol, json!({"input": input})).await;
    client.login().await;
    client
}

//! Who may ask what: every root field, asked well-formed and for everything it can say, by everybody. The snapshot was
//! read by people; a field that is new fails until it has a line in [`given`] and its row was read as well.

use std::{
    fmt::Write as _,
    sync::{Arc, OnceLock},
};

use async_graphql::Response;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto::{
    signature::PrivateKey,
    signed_text::{self, Login, LoginPurpose},
};
use medicrypt::ledger::{By, Entry, Filter};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    hospital::{self, Client, Hospital, PASSWORD, around, sign, uuid},
    planted::{self, RECORDED, record},
    schema::LOGGED_IN,
    sdl::{self, Root, Sdl},
    support,
};

/// The columns.
const CALLERS: [&str; 7] =
    ["anonymous", "admin", "treating doctor", "other doctor", "patient", "other patient", "pharmacist"];

/// Fields that are asked once more about a thing that does not exist.
const OF_NOTHING: [&str; 7] = [
    "patient",
    "verifyPrescription",
    "disableUser",
    "dispense",
    "draftPrescription",
    "issuePrescription",
    "reissueEnrolmentCode",
];

/// What the questions are about.
struct Scene {
    hospital: Hospital,
    /// Fifty units, waiting for a pharmacist.
    prescription: Uuid,
    hash: String,
    /// An account that nobody uses.
    spare: Uuid,
}

/// One answer.
struct Cell {
    response: Response,
    /// What it left in the ledger.
    entries: Vec<Entry>,
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_ask_what_the_reviewed_matrix_says_and_every_refusal_is_recorded() {
    let schema = Sdl::parse(&medicrypt::schema::sdl());
    for db in support::databases().await {
        let mut scene = Scene::open(&db).await;
        let mut matrix = line("", &CALLERS.map(str::to_owned));
        for root in schema.roots() {
            let name = root.field.name.node.as_str();
            let of_nothing = OF_NOTHING.contains(&name).then_some(true);
            for nothing in [Some(false), of_nothing].into_iter().flatten() {
                let label = if nothing {
                    format!("{name}, of nothing")
                } else {
                    format!("{} {name}", root.operation)
                };
                let mut row = Vec::new();
                for caller in CALLERS {
                    let cell = scene.ask(&schema, root, caller, nothing).await;
                    cell.judge(root, caller, scene.account(caller), nothing);
                    row.push(cell.said());
                }
                matrix.push_str(&line(&label, &row));
            }
        }
        insta::assert_snapshot!("access_matrix", matrix);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_and_its_resolver_use_the_action_that_the_schema_names() {
    let schema = Sdl::parse(&medicrypt::schema::sdl());
    for db in support::databases().await {
        let mut scene = Scene::open(&db).await;
        for root in schema.roots() {
            let mut named = vec![sdl::action(root.field)];
            for name in schema.reachable(&root.field.ty.node) {
                named.extend(schema.fields(&name).into_iter().map(sdl::action));
            }
            let named: Vec<String> =
                named.into_iter().flatten().filter(|action| action != LOGGED_IN).collect();
            let mut granted: Vec<String> = Vec::new();
            for caller in CALLERS {
                let cell = scene.ask(&schema, root, caller, false).await;
                granted.extend(cell.entries.into_iter().filter(|e| e.outcome == "GRANTED").map(|e| e.action));
            }
            for action in named {
                assert!(
                    granted.contains(&action),
                    "`{}` names {action}, uses {granted:?}",
                    root.field.name.node
                );
            }
        }
    }
}

impl Scene {
    async fn open(db: &support::TestDb) -> Self {
        let hospital = Hospital::open(db).await;
        record(&hospital).await;
        let prescription = hospital.prescribe(50).await;
        let hash =
            hospital.pharmacist.verify(prescription).await["prescriptionHash"].as_str().unwrap().to_owned();
        let (_, spare, _) = invite(&hospital).await;
        Self { hospital, prescription, hash, spare }
    }

    /// The client of a column.
    fn client(&mut self, caller: &str) -> Option<&mut Client> {
        let hospital = &mut self.hospital;
        match caller {
            "admin" => Some(&mut hospital.admin),
            "treating doctor" => Some(&mut hospital.doctor),
            "other doctor" => Some(&mut hospital.stranger),
            "patient" => Some(&mut hospital.patient),
            "other patient" => Some(&mut hospital.other_patient),
            "pharmacist" => Some(&mut hospital.pharmacist),
            _ => None,
        }
    }

    fn account(&mut self, caller: &str) -> Option<Uuid> {
        self.client(caller).map(|client| client.account)
    }

    async fn ask(&mut self, schema: &Sdl, root: Root<'_>, caller: &str, nothing: bool) -> Cell {
        let nobody = self.hospital.anonymous();
        let client = self.client(caller).map_or(nobody, |client| client.clone());
        let name = root.field.name.node.as_str();
        let mut given = given(self, name, caller, &client).await;
        if nothing {
            point_at_nothing(&mut given);
        }
        let before = *self.hospital.world.ledger.head().borrow();
        let response = client.send(&schema.ask_all(root, &given), given).await;
        let entries = self.hospital.world.ledger.entries(&Filter::default(), 50).await.unwrap();
        let entries = entries.into_iter().take_while(|entry| entry.index > before).collect();
        // Who went out or changed keys comes in again.
        if let (true, Some(client)) = (response.is_ok(), self.client(caller)) {
            match name {
                "replaceKey" => client.key = spare_key(caller, 0),
                "logout" | "logoutEverywhere" => {}
                _ => return Cell { response, entries },
            }
            client.login().await;
        }
        Cell { response, entries }
    }
}

impl Cell {
    /// What the snapshot says.
    fn said(&self) -> String {
        hospital::code(&self.response).unwrap_or_else(|| "ok".to_owned())
    }

    /// What holds for every cell, whatever the snapshot says.
    fn judge(&self, root: Root<'_>, caller: &str, account: Option<Uuid>, nothing: bool) {
        let (name, said, action) = (root.field.name.node.as_str(), self.said(), sdl::action(root.field));
        let place = format!("{name} by {caller}: {said}");
        if caller == "anonymous" {
            assert_eq!(said == "UNAUTHENTICATED", action.is_some(), "{place}: @public or nothing");
        }
        if caller == "admin" && !sdl::directives(root.field, "opens").is_empty() {
            assert_eq!(said, "FORBIDDEN", "{place}: an admin opens nothing");
        }
        // Nothing that is theirs is in it, so nothing planted may be; the catalogue is everybody's.
        let heard = format!("{:?} {:?}", self.response.data, self.response.errors);
        let words = match caller {
            "treating doctor" | "patient" => Vec::new(),
            "pharmacist" => RECORDED.to_vec(),
            _ if name == "medicines" => RECORDED.to_vec(),
            _ => planted::words(),
        };
        for word in words {
            assert!(!heard.contains(word), "{place}: `{word}` in {heard}");
        }
        // What refuses is in the ledger, once, with the action that the schema names, and nothing else happened.
        let hidden = said == "NOT_FOUND" && !nothing;
        if ["FORBIDDEN", "NO_CARE_RELATION"].contains(&said.as_str()) || hidden {
            let [entry] = &self.entries[..] else { panic!("{place}: {:?}", self.entries) };
            assert_eq!((entry.outcome.as_str(), Some(&entry.action)), ("DENIED", action.as_ref()), "{place}");
            assert!(matches!(entry.by, By::Account(by, _) if Some(by) == account), "{place}: {:?}", entry.by);
        }
        if said == "UNAUTHENTICATED" {
            assert!(self.entries.is_empty(), "{place}: {:?}", self.entries);
        }
    }
}

/// Well-formed arguments of a root field, whatever has to be done before.
async fn given(scene: &Scene, field: &str, caller: &str, client: &Client) -> Value {
    let hospital = &scene.hospital;
    match field {
        "auditLog" | "errorCatalogue" | "me" | "medicines" | "myAccessLog" | "myPrescriptions"
        | "myProfile" | "myRecords" | "prescriptionQueue" | "serverTime" | "treatedPatients" | "users"
        | "verifyAuditLog" | "closeEpoch" | "logout" | "logoutEverywhere" => json!({}),
        "patient" => json!({"id": hospital.patient_id}),
        "verifyPrescription" => json!({"id": scene.prescription}),
        "createUser" => json!({"input": new_user()}),
        "disableUser" | "reissueEnrolmentCode" => json!({"input": {"accountId": scene.spare}}),
        "draftPrescription" => {
            json!({"input": {"patientId": hospital.patient_id, "idempotencyKey": Uuid::new_v4()}})
        }
        "issuePrescription" => {
            let draft = hospital.doctor.draft(hospital.patient_id).await;
            client.signed_issue(&draft, "PCM500", 1)
        }
        "dispense" => client.signed_handover(scene.prescription, &scene.hash, 1),
        "loginChallenge" => json!({"input": {"username": client.username}}),
        "login" => login(client).await,
        "enrol" => {
            let (username, _, code) = invite(hospital).await;
            enrolment(&username, &code, &spare_key(caller, 1))
        }
        "releaseStatistic" => json!({"input": {"metric": "SYSTOLIC", "kind": "MEAN", "epsilonMilli": 100}}),
        "replaceKey" => replacement(client, &spare_key(caller, 0)),
        _ => panic!("`{field}` is new: say here how it is asked, and read its row of the snapshot"),
    }
}

/// The same question about ids that nothing has.
fn point_at_nothing(given: &mut Value) {
    let ids = ["id", "patientId", "accountId", "prescriptionId"];
    let of = |value: &mut Value| {
        for id in ids {
            if let Some(place) = value.get_mut(id) {
                *place = json!(Uuid::new_v4());
            }
        }
    };
    of(given);
    if let Some(input) = given.get_mut("input") {
        of(input);
    }
}

fn new_user() -> Value {
    let username = format!("{}@hospital.test", Uuid::new_v4().simple());
    json!({"role": "PATIENT", "username": username, "name": "Spare Person", "birthDate": "1990-01-01"})
}

/// An account that waits for enrolment: user name, id, code.
async fn invite(hospital: &Hospital) -> (String, Uuid, String) {
    let create = "mutation($input: CreateUserInput!) { createUser(input: $input) { account { id username } enrolmentCode } }";
    let made = hospital.admin.ask(create, json!({"input": new_user()})).await["createUser"].take();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["account"]["username"]), uuid(&made["account"]["id"]), text(&made["enrolmentCode"]))
}

fn enrolment(username: &str, code: &str, key: &PrivateKey) -> Value {
    let text = signed_text::Enrol {
        user: username.to_owned(),
        code_hash: signed_text::text_hash(code),
        key_id: key.public().key_id(),
    };
    json!({"input": {"username": username, "code": code, "password": PASSWORD,
        "publicKey": key.public().spki_pem(), "signature": sign(key, &text)}})
}

async fn login(client: &Client) -> Value {
    let challenge = "mutation($u: String!) { loginChallenge(input: {username: $u}) { challenge } }";
    let challenge = client.ask(challenge, json!({"u": client.username})).await;
    let challenge = challenge["loginChallenge"]["challenge"].as_str().unwrap().to_owned();
    let (key_id, origin) = (client.key.public().key_id(), "https://hospital.test".to_owned());
    let text = Login {
        user: client.username.clone(),
        challenge: challenge.clone(),
        purpose: LoginPurpose::Login,
        origin: origin.clone(),
        key_id: key_id.clone(),
    };
    json!({"input": {"username": client.username, "password": PASSWORD, "challenge": challenge, "keyId": key_id,
        "origin": origin, "signature": sign(&client.key, &text)}})
}

fn replacement(client: &Client, new: &PrivateKey) -> Value {
    let text = signed_text::ReplaceKey {
        user: client.username.clone(),
        old_key_id: client.key.public().key_id(),
        new_key_id: new.public().key_id(),
        new_key_spki: STANDARD.encode(new.public().spki_der()),
    };
    json!({"input": {"publicKey": new.public().spki_pem(), "signatureByOld": sign(&client.key, &text),
        "signatureByNew": sign(new, &text)}})
}

/// A key that nobody has yet: one per column and use.
fn spare_key(caller: &str, of: usize) -> Arc<PrivateKey> {
    static KEYS: OnceLock<Vec<Arc<PrivateKey>>> = OnceLock::new();
    let make = |_| Arc::new(PrivateKey::generate(2048, &mut around().rng()).unwrap());
    let keys = KEYS.get_or_init(|| (0..2 * CALLERS.len()).map(make).collect());
    keys[2 * CALLERS.iter().position(|name| *name == caller).unwrap() + of].clone()
}

fn line(label: &str, cells: &[String]) -> String {
    let mut line = format!("{label:<33}");
    for cell in cells {
        write!(line, " {cell:<17}").unwrap();
    }
    format!("{}\n", line.trim_end())
}

//! One small hospital: a patient whom the doctor treats and the stranger does not, a pharmacist, an admin, two medicines;
//! and for each of them a client that enrolled and logged in for real.

#![allow(dead_code, unused_imports, reason = "not every test file uses every helper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod founding;

use std::sync::{Arc, OnceLock};

use async_graphql::{Request, Response, Variables};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto::{
    signature::PrivateKey,
    signed_text::{self, Handover, Login, LoginPurpose, MedicineText, SignedText},
};
use medicrypt::{
    graph::request::{Bearer, ClientAddress},
    identity::{AdminDetails, DoctorDetails, PharmacistDetails, Profile},
    schema::{self, Api},
    store::{Strength, Surroundings, SystemClock},
    world::World,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use self::founding::{admit, relate, try_world, world};
use self::founding::{join, seed_medicines};
use crate::support::TestDb;

/// A password that the policy takes.
pub(crate) const PASSWORD: &str = "correct horse 7 battery";
const ORIGIN: &str = "https://hospital.test";

/// The clinical words of this hospital. None of them may be found where only ciphertext belongs.
pub(crate) const PLANTED: &[&str] = &["Zebediah", "Quackenbush", "Amoxiplant", "twice a plantday"];

/// A hospital with its clients.
pub(crate) struct Hospital {
    pub(crate) world: World,
    pub(crate) api: Api,
    pub(crate) patient_id: Uuid,
    pub(crate) admin: Client,
    pub(crate) doctor: Client,
    /// A doctor who treats nobody.
    pub(crate) stranger: Client,
    pub(crate) pharmacist: Client,
    pub(crate) patient: Client,
    /// A patient who is somebody else.
    pub(crate) other_patient: Client,
    pub(crate) other_patient_id: Uuid,
}

/// Somebody with a key and, perhaps, a session.
#[derive(Clone)]
pub(crate) struct Client {
    api: Api,
    around: Surroundings,
    pub(crate) username: String,
    pub(crate) account: Uuid,
    pub(crate) key: Arc<PrivateKey>,
    token: Option<SecretString>,
}

impl Hospital {
    pub(crate) async fn open(db: &TestDb) -> Self {
        Self::open_around(db, around()).await
    }

    /// The same by a clock of the test's.
    pub(crate) async fn open_around(db: &TestDb, around: Surroundings) -> Self {
        let world = world(db, around).await;
        let api = schema::build(world.clone());
        seed_medicines(&world).await;
        let (admission, other) =
            (admit(&world, "Zebediah", "Quackenbush").await, admit(&world, "Other", "Person").await);
        let (patient_id, patient_profile, other_profile) =
            (admission.patient(), admission.profile(), other.profile());
        let other_patient_id = other.patient();
        let doctor = |of: &str| {
            Profile::Doctor(DoctorDetails {
                department: of.into(),
                specialty: of.into(),
                hospital: "KMC".into(),
            })
        };
        let join = |n, name, profile| join(&world, &api, n, name, profile);
        let admin =
            join(0, "admin@hospital.test", Profile::Admin(AdminDetails { department: "IT".into() })).await;
        let doctor_client = join(1, "doctor@hospital.test", doctor("Cardiology")).await;
        let stranger = join(2, "stranger@hospital.test", doctor("Neurology")).await;
        let pharmacist_details = PharmacistDetails { pharmacy: "Main".into(), licence: "PH1".into() };
        let pharmacist = join(3, "pharmacist@hospital.test", Profile::Pharmacist(pharmacist_details)).await;
        let patient = join(4, "patient@hospital.test", patient_profile).await;
        let other_patient = join(5, "other@hospital.test", other_profile).await;
        relate(&world, patient_id, doctor_client.account).await;
        Self {
            world,
            api,
            patient_id,
            admin,
            doctor: doctor_client,
            stranger,
            pharmacist,
            patient,
            other_patient,
            other_patient_id,
        }
    }

    /// The ledger verifies, and every row is as the ledger has it.
    pub(crate) async fn is_sound(&self) {
        assert_eq!(self.world.ledger.verify(|_| {}).await.unwrap().first_fault, None);
        assert_eq!(self.world.ledger.verify_rows(|_, _| {}).await.unwrap(), []);
    }

    /// What `verify` names: table, row and kind.
    pub(crate) async fn faults(&self) -> Vec<(String, Uuid, String)> {
        let faults = self.world.ledger.verify_rows(|_, _| {}).await.unwrap();
        faults.into_iter().map(|fault| (fault.table, fault.row, fault.kind.to_string())).collect()
    }

    /// Nobody: a client without a session.
    pub(crate) fn anonymous(&self) -> Client {
        Client { token: None, ..self.doctor.clone() }
    }

    /// The doctor drafts, signs and issues; gives the prescription's id.
    pub(crate) async fn prescribe(&self, quantity: u32) -> Uuid {
        let draft = self.doctor.draft(self.patient_id).await;
        let issued = self.doctor.issue(&draft, "AMX250", quantity).await;
        uuid(&issued["id"])
    }
}

impl Client {
    /// The answer's data; panics with the errors, where there are any.
    pub(crate) async fn ask(&self, query: &str, variables: Value) -> Value {
        let response = self.send(query, variables).await;
        assert!(response.errors.is_empty(), "{query}: {:?}", response.errors);
        response.data.into_json().unwrap()
    }

    /// The first error's code.
    pub(crate) async fn refused(&self, query: &str, variables: Value) -> String {
        let response = self.send(query, variables).await;
        code(&response).unwrap_or_else(|| panic!("not refused: {query}: {:?}", response.data))
    }

    pub(crate) async fn send(&self, query: &str, variables: Value) -> Response {
        send(&self.api, self.token.clone(), query, variables).await
    }

    /// The session's token.
    pub(crate) fn token(&self) -> String {
        self.token.as_ref().unwrap().expose_secret().to_owned()
    }

    /// The same client at another server of the same hospital.
    pub(crate) fn at(&self, api: &Api) -> Self {
        Self { api: api.clone(), ..self.clone() }
    }

    pub(crate) async fn login(&mut self) {
        let session = self.try_login(PASSWORD, &self.key.clone()).await.unwrap();
        self.token = Some(SecretString::from(session["token"].as_str().unwrap()));
    }

    /// The session, or the refusal's code.
    pub(crate) async fn try_login(&self, password: &str, key: &PrivateKey) -> Result<Value, String> {
        let challenge = "mutation($u: String!) { loginChallenge(input: {username: $u}) { challenge } }";
        let challenge = self.ask(challenge, json!({"u": self.username})).await;
        let challenge = challenge["loginChallenge"]["challenge"].as_str().unwrap().to_owned();
        let text = Login {
            user: self.username.clone(),
            challenge: challenge.clone(),
            purpose: LoginPurpose::Login,
            origin: ORIGIN.into(),
            key_id: key.public().key_id(),
        };
        let input = json!({"username": self.username, "password": password, "challenge": challenge,
            "keyId": key.public().key_id(), "origin": ORIGIN, "signature": sign(key, &text)});
        let login = "mutation($input: LoginInput!) { login(input: $input) { token accountId role } }";
        let response = self.send(login, json!({"input": input})).await;
        match code(&response) {
            Some(code) => Err(code),
            None => Ok(response.data.into_json().unwrap()["login"].clone()),
        }
    }

    pub(crate) async fn draft(&self, patient: Uuid) -> Value {
        let input = json!({"patientId": patient, "idempotencyKey": Uuid::new_v4()});
        self.ask(DRAFT, json!({"input": input})).await["draftPrescription"].clone()
    }

    /// The input that issues a draft, signed by this client's key.
    pub(crate) fn signed_issue(&self, draft: &Value, code: &str, quantity: u32) -> Value {
        let text = prescription_text(draft, code, quantity);
        json!({"input": {"id": draft["id"], "medicineCode": code, "quantity": quantity, "dosage": text.dosage,
            "signature": sign(&self.key, &text)}})
    }

    pub(crate) async fn issue(&self, draft: &Value, code: &str, quantity: u32) -> Value {
        self.ask(ISSUE, self.signed_issue(draft, code, quantity)).await["issuePrescription"].clone()
    }

    pub(crate) async fn verify(&self, id: Uuid) -> Value {
        let verify = "query($id: UUID!) { verifyPrescription(id: $id) {
            dispensable state steps { name holds seen } medicine quantity left prescriptionHash patient { given family } } }";
        self.ask(verify, json!({"id": id})).await["verifyPrescription"].clone()
    }

    /// A hand-over's text, now.
    pub(crate) fn handover(&self, id: Uuid, hash: &str, quantity: u32) -> Handover {
        Handover {
            prescription: id.to_string(),
            prescription_hash: hash.to_owned(),
            pharmacist: self.account.to_string(),
            key_id: self.key.public().key_id(),
            quantity,
            handover: Uuid::new_v4().to_string(),
            at: rfc3339(self.around.now_ms()),
        }
    }

    /// The input of a signed hand-over.
    pub(crate) fn signed_handover(&self, id: Uuid, hash: &str, quantity: u32) -> Value {
        let text = self.handover(id, hash, quantity);
        handed_over(&text, &sign(&self.key, &text))
    }

    /// Verifies, signs and dispenses; the receipt, or the refusal's code.
    pub(crate) async fn dispense(&self, id: Uuid, quantity: u32) -> Result<Value, String> {
        let verdict = self.verify(id).await;
        let hash =
            verdict["prescriptionHash"].as_str().map_or_else(|| signed_text::text_hash(""), str::to_owned);
        let response = self.send(DISPENSE, self.signed_handover(id, &hash, quantity)).await;
        match code(&response) {
            Some(code) => Err(code),
            None => Ok(response.data.into_json().unwrap()["dispense"].clone()),
        }
    }
}

/// A request as any client would send it.
pub(crate) async fn send(api: &Api, token: Option<SecretString>, query: &str, variables: Value) -> Response {
    let request = Request::new(query)
        .variables(Variables::from_json(variables))
        .data(Bearer(token))
        .data(ClientAddress("127.0.0.1".parse().unwrap()));
    api.execute(request).await
}

/// The input that says what this text says, with a signature over it or not.
pub(crate) fn handed_over(text: &Handover, signature: &str) -> Value {
    json!({"input": {"prescriptionId": text.prescription, "handoverId": text.handover, "quantity": text.quantity,
        "at": text.at, "keyId": text.key_id, "signature": signature, "idempotencyKey": Uuid::new_v4()}})
}

/// A time as it is signed.
pub(crate) fn rfc3339(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms).unwrap().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

pub(crate) const DRAFT: &str =
    "mutation($input: DraftPrescriptionInput!) { draftPrescription(input: $input) {
    id patientId prescriberId keyId issuedAt expiresAt nonce } }";
pub(crate) const ISSUE: &str =
    "mutation($input: IssuePrescriptionInput!) { issuePrescription(input: $input) {
    id state medicine quantity signedText signature } }";
pub(crate) const DISPENSE: &str = "mutation($input: DispenseInput!) { dispense(input: $input) {
    id prescriptionId quantity left dispensedAt ledgerIndex signedText signature } }";

/// The text that a doctor's client composes from its own form.
pub(crate) fn prescription_text(draft: &Value, code: &str, quantity: u32) -> signed_text::Prescription {
    let text = |name: &str| draft[name].as_str().unwrap().to_owned();
    // GraphQL times have no fixed number of decimals; signed ones have three.
    let time = |name: &str| {
        let time = chrono::DateTime::parse_from_rfc3339(draft[name].as_str().unwrap()).unwrap();
        time.to_utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    };
    let (name, strength) =
        if code == "AMX250" { ("Amoxiplant", "250 mg") } else { ("Paracetamol", "500 mg") };
    signed_text::Prescription {
        id: text("id"),
        patient: text("patientId"),
        prescriber: text("prescriberId"),
        key_id: text("keyId"),
        issued_at: time("issuedAt"),
        expires_at: time("expiresAt"),
        nonce: text("nonce"),
        medicine: MedicineText {
            code: code.into(),
            name: name.into(),
            strength: strength.into(),
            form: "tablet".into(),
        },
        quantity,
        dosage: "twice a plantday".into(),
    }
}

pub(crate) fn sign(key: &PrivateKey, text: &impl SignedText) -> String {
    STANDARD.encode(key.sign(text.text().unwrap().as_bytes()).unwrap())
}

/// The code of the first error.
pub(crate) fn code(response: &Response) -> Option<String> {
    let error = response.errors.first()?;
    let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
    Some(match code {
        Some(async_graphql::Value::String(code)) => code.clone(),
        _ => format!("no code: {}", error.message),
    })
}

pub(crate) fn uuid(value: &Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}

/// Keys are made once per test binary: RSA takes its time.
pub(crate) fn key(n: usize) -> Arc<PrivateKey> {
    static KEYS: OnceLock<Vec<Arc<PrivateKey>>> = OnceLock::new();
    let make = |_| Arc::new(PrivateKey::generate(2048, &mut around().rng()).unwrap());
    KEYS.get_or_init(|| (0..8).map(make).collect())[n].clone()
}

/// The machine's time and randomness, at the tests' small costs.
pub(crate) fn around() -> Surroundings {
    Surroundings::new(Arc::new(SystemClock), Strength::TESTS)
}

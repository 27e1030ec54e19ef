//! Every public error code is provoked through the API, or it is said here where else, or why not yet. The match in
//! [`provoke`] is exhaustive: a new code does not compile until it has its place.

use std::{fs, path::Path, sync::Arc};

use async_graphql::{Response, Value as Constant};
use crypto::{signature::PrivateKey, signed_text};
use entity::{PrescriptionStatus, prescription};
use medicrypt::{
    clinic::ClinicError,
    graph::ErrorCode,
    ledger::{By, Draft, Outcome},
    schema,
    store::{Location, Strength, Surroundings},
};
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    hospital::{self, Client, DISPENSE, Hospital, ISSUE, PASSWORD, around, key, sign},
    planted,
    support::{self, TestClock, TestDb},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const ENROL: &str = "mutation($input: EnrolInput!) { enrol(input: $input) { keyId } }";
const DRAFT: &str = "mutation($input: DraftPrescriptionInput!) { draftPrescription(input: $input) { id } }";
const STATISTIC: &str = "mutation($input: StatisticInput!) { releaseStatistic(input: $input) { value } }";
const VERIFY: &str =
    "query($id: UUID!) { verifyPrescription(id: $id) { dispensable medicine patient { family } } }";

/// Why a code is not provoked here.
enum NotHere {
    /// `file::test` does it.
    Elsewhere(&'static str),
    /// Why nobody can.
    NotYet(&'static str),
}
use NotHere::{Elsewhere, NotYet};

#[tokio::test(flavor = "multi_thread")]
async fn every_error_code_is_provoked_or_it_is_said_where_and_why() {
    for db in support::databases().await {
        let scene = Scene::open(&db).await;
        for &code in ErrorCode::ALL {
            match provoke(code, &scene).await {
                Ok(response) => told_as_the_catalogue_says(code, &response),
                Err(Elsewhere(test)) => {
                    let (path, name) = test.split_once("::").unwrap();
                    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
                        .unwrap_or_default();
                    assert!(source.contains(&format!("fn {name}(")), "{}: there is no {test}", code.text());
                }
                Err(NotYet(why)) => eprintln!("{} is not reachable yet: {why}", code.text()),
            }
        }
    }
}

fn told_as_the_catalogue_says(code: ErrorCode, response: &Response) {
    let [error] = &response.errors[..] else { panic!("{}: {:?}", code.text(), response.data) };
    assert_eq!(hospital::code(response).as_deref(), Some(code.text()), "{error:?}");
    assert_eq!(response.data, Constant::Null, "{}: nothing is answered beside a refusal", code.text());
    let retry =
        error.extensions.as_ref().and_then(|extensions| extensions.get("retry")).map(ToString::to_string);
    let retry = retry.unwrap().replace('_', "").to_lowercase();
    assert_eq!(retry, format!("{:?}", code.retry()).to_lowercase(), "{}", code.text());
    let told = format!("{error:?}");
    for inner in planted::words().iter().chain(&["SELECT", "INSERT", "sqlx", "ledger_", "panicked", "src/"]) {
        assert!(!told.contains(inner), "{}: `{inner}` in {told}", code.text());
    }
}

#[allow(clippy::too_many_lines, reason = "one arm for each code")]
async fn provoke(code: ErrorCode, scene: &Scene<'_>) -> Result<Response, NotHere> {
    let Scene { hospital, .. } = scene;
    let (doctor, pharmacist, admin) = (&hospital.doctor, &hospital.pharmacist, &hospital.admin);
    Ok(match code {
        ErrorCode::Unauthenticated => hospital.anonymous().send("{ me { id } }", json!({})).await,
        ErrorCode::InvalidCredentials => scene.login(doctor, "wrong horse 7 battery").await,
        ErrorCode::EnrolmentRefused => {
            scene.enrol("nobody@hospital.test", "NOSUCHCODE", PASSWORD, &key(6)).await
        }
        ErrorCode::TooManyAttempts => {
            for _ in 0..6 {
                scene.login(&hospital.other_patient, "wrong horse 7 battery").await;
            }
            scene.login(&hospital.other_patient, PASSWORD).await
        }
        ErrorCode::Forbidden => admin.send("{ myProfile { family } }", json!({})).await,
        ErrorCode::NotFound => {
            let draft = doctor.draft(hospital.patient_id).await;
            hospital.stranger.send(ISSUE, hospital.stranger.signed_issue(&draft, "PCM500", 1)).await
        }
        ErrorCode::NoCareRelation => scene.draft(&hospital.stranger, 30, Uuid::new_v4()).await,
        ErrorCode::InputInvalid => {
            doctor.send("{ treatedPatients(page: {first: 51}) { edges { cursor } } }", json!({})).await
        }
        ErrorCode::UsernameTaken => scene.create_user("PHARMACIST", &doctor.username).await,
        ErrorCode::PasswordRefused => {
            let code = scene.invite("common@hospital.test").await;
            scene.enrol("common@hospital.test", &code, "password123", &key(6)).await
        }
        ErrorCode::KeyRefused => {
            let (pem, signature) = ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "AAAA");
            let input = json!({"publicKey": pem, "signatureByOld": signature, "signatureByNew": signature});
            let replace = "mutation($input: ReplaceKeyInput!) { replaceKey(input: $input) { keyId } }";
            doctor.send(replace, json!({"input": input})).await
        }
        ErrorCode::KeyInUse => {
            let code = scene.invite("second@hospital.test").await;
            scene.enrol("second@hospital.test", &code, PASSWORD, &doctor.key).await
        }
        ErrorCode::PrivateKeyRefused => {
            return Err(Elsewhere(
                "tests/attacks/confidentiality.rs::a_private_key_in_any_argument_is_refused_and_neither_echoed_nor_logged",
            ));
        }
        ErrorCode::SignatureInvalid => {
            let draft = doctor.draft(hospital.patient_id).await;
            let mut signed = doctor.signed_issue(&draft, "PCM500", 1);
            signed["input"]["quantity"] = json!(2);
            doctor.send(ISSUE, signed).await
        }
        ErrorCode::KeyNotValid => {
            let mut handover = scene.handover(1).await;
            handover["input"]["keyId"] = json!(doctor.key.public().key_id());
            pharmacist.send(DISPENSE, handover).await
        }
        ErrorCode::SignedContentReplay => {
            let mut handover = scene.handover(1).await;
            pharmacist.ask(DISPENSE, handover.clone()).await;
            handover["input"]["idempotencyKey"] = json!(Uuid::new_v4());
            pharmacist.send(DISPENSE, handover).await
        }
        ErrorCode::DraftClosed => {
            let draft = doctor.draft(hospital.patient_id).await;
            doctor.issue(&draft, "PCM500", 1).await;
            doctor.send(ISSUE, doctor.signed_issue(&draft, "PCM500", 2)).await
        }
        ErrorCode::UnknownMedicine => {
            let draft = doctor.draft(hospital.patient_id).await;
            doctor.send(ISSUE, doctor.signed_issue(&draft, "Amoxiplant", 1)).await
        }
        ErrorCode::NotIssued => {
            let draft = hospital::uuid(&doctor.draft(hospital.patient_id).await["id"]);
            pharmacist.send(DISPENSE, pharmacist.signed_handover(draft, &signed_text::text_hash(""), 1)).await
        }
        ErrorCode::AlreadyDispensed => {
            let prescription = hospital.prescribe(1).await;
            pharmacist.dispense(prescription, 1).await.unwrap();
            let hash = scene.hash(prescription).await;
            pharmacist.send(DISPENSE, pharmacist.signed_handover(prescription, &hash, 1)).await
        }
        ErrorCode::QuantityExceeded => pharmacist.send(DISPENSE, scene.handover(11).await).await,
        ErrorCode::Expired => scene.dispense_after_its_date().await,
        ErrorCode::Cancelled => {
            let prescription = hospital.prescribe(1).await;
            scene.cancel(prescription).await;
            let hash = signed_text::text_hash("");
            pharmacist.send(DISPENSE, pharmacist.signed_handover(prescription, &hash, 1)).await
        }
        ErrorCode::IdempotencyKeyReused => {
            let key = Uuid::new_v4();
            scene.draft(doctor, 30, key).await;
            scene.draft(doctor, 31, key).await
        }
        ErrorCode::BudgetExhausted => {
            // Each of two questions costs half of the year's budget, answered or not.
            scene.statistic("HEIGHT", 500).await;
            scene.statistic("WEIGHT", 500).await;
            scene.statistic("AGE", 400).await
        }
        ErrorCode::CohortTooSmall => scene.repeated_statistic().await,
        ErrorCode::TooNoisy => scene.statistic("SYSTOLIC", 1).await,
        ErrorCode::NoClosedEpoch => scene.before_any_epoch.lock().await.take().unwrap(),
        ErrorCode::DecryptorUnavailable => {
            return Err(NotYet(
                "the decryptor is in the server's own process: only a panic of it would be told so",
            ));
        }
        ErrorCode::ConflictRetry => scene.issue_at_once().await,
        ErrorCode::IntegrityViolation => {
            let prescription = hospital.prescribe(1).await;
            let row = scene.db.id(prescription);
            scene
                .db
                .as_dba(&format!("UPDATE prescription SET expires_ms = expires_ms + 1 WHERE id = {row}"))
                .await;
            pharmacist.send(VERIFY, json!({"id": prescription})).await
        }
        ErrorCode::AuditUnavailable => scene.read_without_ledger().await,
        ErrorCode::Overloaded => {
            return Err(Elsewhere(
                "tests/ledger/group_commit.rs::a_full_queue_says_so_at_once_and_loses_nothing_that_it_took",
            ));
        }
        ErrorCode::Internal => {
            let handover = scene.handover(1).await;
            pharmacist.ask(DISPENSE, handover.clone()).await;
            scene.db.as_dba("ALTER TABLE dispensing RENAME TO gone").await;
            let replay = pharmacist.send(DISPENSE, handover).await;
            scene.db.as_dba("ALTER TABLE gone RENAME TO dispensing").await;
            replay
        }
    })
}

/// A hospital of forty patients without measurements, and one prescription of ten that is handed over unit by unit.
struct Scene<'a> {
    db: &'a TestDb,
    hospital: Hospital,
    prescription: Uuid,
    before_any_epoch: tokio::sync::Mutex<Option<Response>>,
}

impl<'a> Scene<'a> {
    async fn open(db: &'a TestDb) -> Self {
        let hospital = Hospital::open(db).await;
        let prescription = hospital.prescribe(10).await;
        let scene = Self { db, hospital, prescription, before_any_epoch: tokio::sync::Mutex::default() };
        for n in 0..40 {
            assert!(scene.create_user("PATIENT", &format!("patient{n}@hospital.test")).await.is_ok());
        }
        *scene.before_any_epoch.lock().await = Some(scene.statistic("SYSTOLIC", 500).await);
        scene.hospital.admin.ask("mutation { closeEpoch { number } }", json!({})).await;
        scene
    }

    async fn hash(&self, prescription: Uuid) -> String {
        let verdict = self.hospital.pharmacist.verify(prescription).await;
        verdict["prescriptionHash"].as_str().unwrap().to_owned()
    }

    async fn handover(&self, quantity: u32) -> Value {
        let hash = self.hash(self.prescription).await;
        self.hospital.pharmacist.signed_handover(self.prescription, &hash, quantity)
    }

    /// The whole answer to a log-in with the right key.
    async fn login(&self, client: &Client, password: &str) -> Response {
        let challenge = "mutation($u: String!) { loginChallenge(input: {username: $u}) { challenge } }";
        let challenge = client.ask(challenge, json!({"u": client.username})).await;
        let challenge = challenge["loginChallenge"]["challenge"].as_str().unwrap().to_owned();
        let (origin, key_id) = ("https://hospital.test".to_owned(), client.key.public().key_id());
        let text = signed_text::Login {
            user: client.username.clone(),
            challenge: challenge.clone(),
            purpose: signed_text::LoginPurpose::Login,
            origin: origin.clone(),
            key_id: key_id.clone(),
        };
        let input = json!({"username": client.username, "password": password, "challenge": challenge,
            "keyId": key_id, "origin": origin, "signature": sign(&client.key, &text)});
        client
            .send("mutation($input: LoginInput!) { login(input: $input) { token } }", json!({"input": input}))
            .await
    }

    async fn enrol(&self, username: &str, code: &str, password: &str, key: &PrivateKey) -> Response {
        let text = signed_text::Enrol {
            user: username.to_owned(),
            code_hash: signed_text::text_hash(code),
            key_id: key.public().key_id(),
        };
        let input = json!({"username": username, "code": code, "password": password,
            "publicKey": key.public().spki_pem(), "signature": sign(key, &text)});
        self.hospital.anonymous().send(ENROL, json!({"input": input})).await
    }

    async fn create_user(&self, role: &str, username: &str) -> Response {
        let create = "mutation($input: CreateUserInput!) { createUser(input: $input) { enrolmentCode } }";
        let input = json!({"role": role, "username": username, "name": "Some Body"});
        self.hospital.admin.send(create, json!({"input": input})).await
    }

    async fn invite(&self, username: &str) -> String {
        let made = self.create_user("PHARMACIST", username).await.data.into_json().unwrap();
        made["createUser"]["enrolmentCode"].as_str().unwrap().to_owned()
    }

    async fn draft(&self, by: &Client, days: u16, key: Uuid) -> Response {
        let input = json!({"patientId": self.hospital.patient_id, "validDays": days, "idempotencyKey": key});
        by.send(DRAFT, json!({"input": input})).await
    }

    async fn statistic(&self, metric: &str, epsilon_milli: u32) -> Response {
        let input = json!({"metric": metric, "kind": "COUNT", "epsilonMilli": epsilon_milli});
        self.hospital.admin.send(STATISTIC, json!({"input": input})).await
    }

    /// The budget's questions again, free. Nobody has a measurement: that noise alone makes ten of none for both of them
    /// happens once in 20 000 times.
    async fn repeated_statistic(&self) -> Response {
        let first = self.statistic("HEIGHT", 500).await;
        if first.is_err() { first } else { self.statistic("WEIGHT", 500).await }
    }

    /// At another server of the same hospital, whose clock is two days on.
    async fn dispense_after_its_date(&self) -> Response {
        let (doctor, patient) = (&self.hospital.doctor, self.hospital.patient_id);
        let input = json!({"patientId": patient, "validDays": 1, "idempotencyKey": Uuid::new_v4()});
        let all = "mutation($input: DraftPrescriptionInput!) { draftPrescription(input: $input) {
            id patientId prescriberId keyId issuedAt expiresAt nonce } }";
        let draft = doctor.ask(all, json!({"input": input})).await["draftPrescription"].take();
        let prescription = hospital::uuid(&doctor.issue(&draft, "PCM500", 1).await["id"]);
        let hash = self.hash(prescription).await;
        let clock = TestClock::at(around().now_ms() + 2 * DAY_MS);
        let later = hospital::world(self.db, Surroundings::new(clock, Strength::TESTS)).await;
        let mut pharmacist = self.hospital.pharmacist.at(&schema::build(later.clone()));
        pharmacist.login().await;
        let response = pharmacist.send(DISPENSE, pharmacist.signed_handover(prescription, &hash, 1)).await;
        later.close().await.unwrap();
        response
    }

    /// As the server will, once there is a verb for it.
    async fn cancel(&self, id: Uuid) {
        let world = self.hospital.world.clone();
        let write = self.hospital.world.write("cancel", move |tx| {
            let world = world.clone();
            Box::pin(async move {
                let row = prescription::Entity::find_by_id(id).one(tx.connection()).await?.unwrap();
                let row = world.keyring.check(row)?;
                tx.update(&row, |row| row.status = PrescriptionStatus::Cancelled).await?;
                tx.append(Draft::new(By::System, "PRESCRIPTION_CANCELLED", Outcome::Done));
                Ok::<_, ClinicError>(())
            })
        });
        write.await.unwrap();
    }

    /// Eight different signed texts for one draft at the same time: one is issued, and who read the draft before that but
    /// writes after it is told so.
    async fn issue_at_once(&self) -> Response {
        let doctor = &self.hospital.doctor;
        for _ in 0..10 {
            let draft = Arc::new(doctor.draft(self.hospital.patient_id).await);
            let issues = (1..=8).map(|quantity| {
                let (doctor, draft) = (doctor.clone(), draft.clone());
                tokio::spawn(async move {
                    doctor.send(ISSUE, doctor.signed_issue(&draft, "PCM500", quantity)).await
                })
            });
            let answers = futures::future::join_all(issues.collect::<Vec<_>>()).await;
            let answers: Vec<Response> = answers.into_iter().map(Result::unwrap).collect();
            assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "one text is issued");
            let conflict = |answer: &Response| hospital::code(answer).as_deref() == Some("CONFLICT_RETRY");
            if let Some(conflict) = answers.into_iter().find(conflict) {
                return conflict;
            }
        }
        panic!("no two of eighty requests met");
    }

    /// A read whose entry cannot be written shows nothing; when the ledger takes entries again, it does.
    async fn read_without_ledger(&self) -> Response {
        let (stop, go_on) = match self.db.location() {
            Location::Sqlite(_) => (
                "CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'disk full'); END",
                "DROP TRIGGER full",
            ),
            Location::Postgres(_) => (
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'disk full'; END $$;
                 CREATE TRIGGER full_disk BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION full_disk()",
                "DROP TRIGGER full_disk ON ledger",
            ),
        };
        let profile = "{ myProfile { family } }";
        self.db.as_dba(stop).await;
        let refused = self.hospital.patient.send(profile, json!({})).await;
        self.db.as_dba(go_on).await;
        assert_eq!(self.hospital.patient.ask(profile, json!({})).await["myProfile"]["family"], "Quackenbush");
        refused
    }
}

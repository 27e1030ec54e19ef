//! Dispensing: exactly what was prescribed, exactly once, whoever asks at the same time, twice, or too late.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use async_graphql::Response;
use entity::dispensing;
use medicrypt::{
    schema::{self, Api},
    store::{Location, Strength, Surroundings},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    hospital::{self, Client, DISPENSE, DRAFT, Hospital, ISSUE, around, code, handed_over, uuid},
    support::{self, TestClock, TestDb},
};

const MINUTE_MS: i64 = 60 * 1000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const CHILD: &str = "MEDICRYPT_TEST_SECOND_SERVER";

/// What became of many requests: the answers, and how often each refusal came.
#[derive(Debug, Default)]
struct Outcomes {
    receipts: Vec<Value>,
    refused: BTreeMap<String, usize>,
}

impl Outcomes {
    fn add(&mut self, response: Response) {
        match code(&response) {
            Some(code) => *self.refused.entry(code).or_default() += 1,
            None => self.receipts.push(response.data.into_json().unwrap()["dispense"].clone()),
        }
    }
}

/// Sends all of them at once.
async fn at_once(api: &Api, token: &str, inputs: Vec<Value>) -> Outcomes {
    let sent = inputs.into_iter().map(|input| {
        let (api, token) = (api.clone(), SecretString::from(token));
        tokio::spawn(async move { hospital::send(&api, Some(token), DISPENSE, input).await })
    });
    let mut outcomes = Outcomes::default();
    for response in sent.collect::<Vec<_>>() {
        outcomes.add(response.await.unwrap());
    }
    outcomes
}

async fn hash(pharmacist: &Client, prescription: Uuid) -> String {
    pharmacist.verify(prescription).await["prescriptionHash"].as_str().unwrap().to_owned()
}

/// Signed hand-overs of so many units each, all of their own.
async fn handovers(pharmacist: &Client, prescription: Uuid, quantity: u32, count: usize) -> Vec<Value> {
    let hash = hash(pharmacist, prescription).await;
    (0..count).map(|_| pharmacist.signed_handover(prescription, &hash, quantity)).collect()
}

/// How many hand-overs of a prescription the database has.
async fn handed_over_times(hospital: &Hospital, prescription: Uuid) -> u64 {
    let own = dispensing::Column::PrescriptionId.eq(prescription);
    dispensing::Entity::find().filter(own).count(hospital.world.store.read()).await.unwrap()
}

async fn dispense(pharmacist: &Client, input: &Value) -> Result<Value, String> {
    let response = pharmacist.send(DISPENSE, input.clone()).await;
    match code(&response) {
        Some(code) => Err(code),
        None => Ok(response.data.into_json().unwrap()["dispense"].clone()),
    }
}

fn only(code: &str, times: usize) -> BTreeMap<String, usize> {
    BTreeMap::from([(code.to_owned(), times)])
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_whole_dispenses_at_once_one_gets_the_receipt() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let prescription = hospital.prescribe(10).await;
        let inputs = handovers(&hospital.pharmacist, prescription, 10, 64).await;
        let outcomes = at_once(&hospital.api, &hospital.pharmacist.token(), inputs).await;
        assert_eq!(outcomes.receipts.len(), 1, "{db}: {outcomes:?}");
        assert_eq!(outcomes.refused, only("ALREADY_DISPENSED", 63), "{db}");
        assert_eq!(handed_over_times(&hospital, prescription).await, 1, "{db}");
        hospital.is_sound().await;
    }
}

/// Another server process at the same database. It says that it is ready, waits for a line, sends what it was given, and
/// prints what became of it.
fn second_server(db: &TestDb, token: &str, inputs: &[Value]) -> Child {
    let told = json!({"address": db.address(), "token": token, "inputs": inputs}).to_string();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "dispensing::the_second_server", "--nocapture", "--test-threads=1"])
        .env(CHILD, told)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Does nothing unless it is started by [`second_server`].
#[tokio::test(flavor = "multi_thread")]
async fn the_second_server() {
    let Some(told) = support::setting(CHILD) else { return };
    let told: Value = serde_json::from_str(&told).unwrap();
    let db = TestDb::attach(told["address"].as_str().unwrap());
    let world = hospital::world(&db, around()).await;
    let api = schema::build(world.clone());
    println!("\nREADY");
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
    let inputs = told["inputs"].as_array().unwrap().clone();
    let outcomes = at_once(&api, told["token"].as_str().unwrap(), inputs).await;
    println!("\nOUTCOMES {}", json!([outcomes.receipts, outcomes.refused]));
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_whole_dispenses_at_two_server_processes_one_gets_the_receipt() {
    for db in support::databases().await {
        if matches!(db.location(), Location::Sqlite(_)) {
            continue;
        }
        let hospital = Hospital::open(&db).await;
        let token = hospital.pharmacist.token();
        for round in 0..4 {
            let prescription = hospital.prescribe(10).await;
            let mut inputs = handovers(&hospital.pharmacist, prescription, 10, 64).await;
            let mut child = second_server(&db, &token, &inputs.split_off(32));
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
            assert!(lines.any(|line| line == "READY"), "{db}: the second server does not open");
            writeln!(child.stdin.take().unwrap(), "go").unwrap();
            let mut outcomes = at_once(&hospital.api, &token, inputs).await;
            let told = lines.find_map(|line| Some(line.strip_prefix("OUTCOMES ")?.to_owned())).unwrap();
            let (receipts, refused): (Vec<Value>, BTreeMap<String, usize>) =
                serde_json::from_str(&told).unwrap();
            lines.for_each(drop);
            assert!(child.wait().unwrap().success(), "{db}: the second server failed");

            outcomes.receipts.extend(receipts);
            for (code, times) in refused {
                *outcomes.refused.entry(code).or_default() += times;
            }
            assert_eq!(outcomes.receipts.len(), 1, "{db}, round {round}: {outcomes:?}");
            assert_eq!(outcomes.refused, only("ALREADY_DISPENSED", 63), "{db}, round {round}");
            assert_eq!(handed_over_times(&hospital, prescription).await, 1, "{db}");
        }
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eleven_tenths_at_once_ten_are_handed_over() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let prescription = hospital.prescribe(10).await;
        let inputs = handovers(&hospital.pharmacist, prescription, 1, 11).await;
        let outcomes = at_once(&hospital.api, &hospital.pharmacist.token(), inputs).await;
        assert_eq!(outcomes.refused, only("ALREADY_DISPENSED", 1), "{db}");
        let mut left: Vec<_> =
            outcomes.receipts.iter().map(|receipt| receipt["left"].as_u64().unwrap()).collect();
        left.sort_unstable();
        assert!(left.iter().copied().eq(0..10), "{db}: {left:?} left");
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_is_left_is_refused_and_changes_nothing() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let prescription = hospital.prescribe(10).await;
        let pharmacist = &hospital.pharmacist;
        assert_eq!(pharmacist.dispense(prescription, 11).await, Err("QUANTITY_EXCEEDED".to_owned()), "{db}");
        assert_eq!(pharmacist.dispense(prescription, 8).await.unwrap()["left"], 2, "{db}");

        let hash = hash(pharmacist, prescription).await;
        let response = pharmacist.send(DISPENSE, pharmacist.signed_handover(prescription, &hash, 3)).await;
        assert_eq!(code(&response), Some("QUANTITY_EXCEEDED".to_owned()), "{db}");
        let left = response.errors[0].extensions.as_ref().unwrap().get("left").cloned();
        assert_eq!(left, Some(async_graphql::Value::from(2)), "{db}");

        // Nobody can sign for nothing; who sends it all the same is refused by the text.
        let mut none = pharmacist.signed_handover(prescription, &hash, 1);
        none["input"]["quantity"] = json!(0);
        assert_eq!(dispense(pharmacist, &none).await, Err("INPUT_INVALID".to_owned()), "{db}");

        assert_eq!(handed_over_times(&hospital, prescription).await, 1, "{db}");
        assert_eq!(pharmacist.dispense(prescription, 2).await.unwrap()["left"], 0, "{db}");
        assert_eq!(pharmacist.dispense(prescription, 1).await, Err("ALREADY_DISPENSED".to_owned()), "{db}");
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_prescribes_nothing() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let draft = hospital.doctor.draft(hospital.patient_id).await;
        let mut none = hospital.doctor.signed_issue(&draft, "AMX250", 1);
        none["input"]["quantity"] = json!(0);
        assert_eq!(hospital.doctor.refused(ISSUE, none).await, "INPUT_INVALID", "{db}");
        assert_eq!(
            hospital.pharmacist.dispense(uuid(&draft["id"]), 1).await,
            Err("NOT_ISSUED".to_owned()),
            "{db}"
        );
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_idempotency_key_gives_the_same_receipt_byte_for_byte() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let pharmacist = &hospital.pharmacist;
        let prescription = hospital.prescribe(10).await;
        let input = handovers(pharmacist, prescription, 4, 1).await.remove(0);

        // Twins at once, one after the other, and after the rest was handed over.
        let twins = at_once(&hospital.api, &pharmacist.token(), vec![input.clone(); 16]).await;
        assert_eq!((twins.receipts.len(), twins.refused), (16, BTreeMap::new()), "{db}");
        let first = twins.receipts[0].to_string();
        assert!(twins.receipts.iter().map(Value::to_string).all(|receipt| receipt == first), "{db}");
        assert_eq!(twins.receipts[0]["left"], 6, "{db}");
        assert_eq!(dispense(pharmacist, &input).await.unwrap().to_string(), first, "{db}");
        pharmacist.dispense(prescription, 6).await.unwrap();
        assert_eq!(dispense(pharmacist, &input).await.unwrap().to_string(), first, "{db}");
        assert_eq!(handed_over_times(&hospital, prescription).await, 2, "{db}");

        // The key was used: for anything else, it is refused.
        let other = hospital.prescribe(10).await;
        let mut reused = handovers(pharmacist, other, 10, 1).await.remove(0);
        reused["input"]["idempotencyKey"] = input["input"]["idempotencyKey"].clone();
        assert_eq!(dispense(pharmacist, &reused).await, Err("IDEMPOTENCY_KEY_REUSED".to_owned()), "{db}");
        assert_eq!(handed_over_times(&hospital, other).await, 0, "{db}");
        hospital.is_sound().await;

        // And by another server, after a restart.
        hospital.world.clone().close().await.unwrap();
        let world = hospital::world(&db, around()).await;
        let pharmacist = pharmacist.at(&schema::build(world));
        assert_eq!(dispense(&pharmacist, &input).await.unwrap().to_string(), first, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hand_overs_at_once_with_one_idempotency_key_are_one() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let prescription = hospital.prescribe(10).await;
        let mut inputs = handovers(&hospital.pharmacist, prescription, 1, 8).await;
        let key = Uuid::new_v4();
        for input in &mut inputs {
            input["input"]["idempotencyKey"] = json!(key);
        }
        let outcomes = at_once(&hospital.api, &hospital.pharmacist.token(), inputs).await;
        assert_eq!(outcomes.receipts.len(), 1, "{db}");
        assert_eq!(outcomes.refused, only("IDEMPOTENCY_KEY_REUSED", 7), "{db}");
        assert_eq!(handed_over_times(&hospital, prescription).await, 1, "{db}");
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_draft_is_the_same_draft() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let doctor = &hospital.doctor;
        let input = json!({"input": {"patientId": hospital.patient_id, "idempotencyKey": Uuid::new_v4()}});
        let twins = (0..8).map(|_| {
            let (doctor, input) = (doctor.clone(), input.clone());
            tokio::spawn(async move { doctor.ask(DRAFT, input).await.to_string() })
        });
        let mut drafts = Vec::new();
        for twin in twins.collect::<Vec<_>>() {
            drafts.push(twin.await.unwrap());
        }
        drafts.push(doctor.ask(DRAFT, input.clone()).await.to_string());
        assert!(drafts.iter().all(|draft| *draft == drafts[0]), "{db}: {drafts:?}");

        let mut longer = input.clone();
        longer["input"]["validDays"] = json!(31);
        assert_eq!(doctor.refused(DRAFT, longer).await, "IDEMPOTENCY_KEY_REUSED", "{db}");

        let draft = doctor.ask(DRAFT, input.clone()).await["draftPrescription"].clone();
        doctor.issue(&draft, "AMX250", 10).await;
        assert_eq!(doctor.ask(DRAFT, input).await.to_string(), drafts[0], "{db}: after it was issued");
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn issuing_twice_gives_the_same_bytes_and_another_text_is_too_late() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let doctor = &hospital.doctor;
        let draft = doctor.draft(hospital.patient_id).await;
        let first = doctor.issue(&draft, "AMX250", 10).await;
        assert_eq!(doctor.issue(&draft, "AMX250", 10).await.to_string(), first.to_string(), "{db}");
        for other in [doctor.signed_issue(&draft, "AMX250", 11), doctor.signed_issue(&draft, "PCM500", 10)] {
            assert_eq!(doctor.refused(ISSUE, other).await, "DRAFT_CLOSED", "{db}");
        }
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_waits_fifteen_minutes_for_its_signature() {
    for db in support::databases().await {
        let clock = TestClock::at(around().now_ms());
        let hospital = Hospital::open_around(&db, Surroundings::new(clock.clone(), Strength::TESTS)).await;
        let doctor = &hospital.doctor;
        let (early, late) =
            (doctor.draft(hospital.patient_id).await, doctor.draft(hospital.patient_id).await);
        clock.advance(15 * MINUTE_MS);
        doctor.issue(&early, "AMX250", 10).await;
        clock.advance(1);
        assert_eq!(
            doctor.refused(ISSUE, doctor.signed_issue(&late, "AMX250", 10)).await,
            "DRAFT_CLOSED",
            "{db}"
        );
        doctor.issue(&early, "AMX250", 10).await;
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_prescription_stays_on_the_shelf() {
    for db in support::databases().await {
        let clock = TestClock::at(around().now_ms());
        let mut hospital =
            Hospital::open_around(&db, Surroundings::new(clock.clone(), Strength::TESTS)).await;
        let input =
            json!({"patientId": hospital.patient_id, "validDays": 1, "idempotencyKey": Uuid::new_v4()});
        let draft = hospital.doctor.ask(DRAFT, json!({"input": input})).await["draftPrescription"].clone();
        hospital.doctor.issue(&draft, "AMX250", 10).await;
        let prescription = uuid(&draft["id"]);

        clock.advance(DAY_MS - 1);
        hospital.pharmacist.login().await;
        assert_eq!(hospital.pharmacist.dispense(prescription, 4).await.unwrap()["left"], 6, "{db}");
        clock.advance(1);
        let verdict = hospital.pharmacist.verify(prescription).await;
        assert_eq!((&verdict["dispensable"], &verdict["state"]), (&json!(false), &json!("EXPIRED")), "{db}");
        assert_eq!(hospital.pharmacist.dispense(prescription, 6).await, Err("EXPIRED".to_owned()), "{db}");
        let queue =
            hospital.pharmacist.ask("{ prescriptionQueue { edges { node { id } } } }", json!({})).await;
        assert_eq!(queue["prescriptionQueue"]["edges"], json!([]), "{db}");
        hospital.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_is_signed_within_five_minutes() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let pharmacist = &hospital.pharmacist;
        let prescription = hospital.prescribe(10).await;
        let hash = hash(pharmacist, prescription).await;
        let signed_at = |off_ms: i64| {
            let mut text = pharmacist.handover(prescription, &hash, 1);
            text.at = hospital::rfc3339(around().now_ms() + off_ms);
            handed_over(&text, &hospital::sign(&pharmacist.key, &text))
        };
        for off in [-5_i64, 5] {
            // A minute more than allowed, and a minute less.
            let stale = dispense(pharmacist, &signed_at((off + off.signum()) * MINUTE_MS)).await;
            assert_eq!(stale, Err("INPUT_INVALID".to_owned()), "{db}: {off}");
            let fresh = dispense(pharmacist, &signed_at((off - off.signum()) * MINUTE_MS)).await;
            assert!(fresh.is_ok(), "{db}: {off}: {fresh:?}");
        }
        hospital.is_sound().await;
    }
}

//! Who is here, and who is not, is told to nobody who has no right to know.

use crypto::{
    signature::PrivateKey,
    signed_text::{Enrol, Login, LoginPurpose, text_hash},
};
use medicrypt::ledger::Filter;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    hospital::{Client, Hospital, PASSWORD, key, sign},
    http::{Answer, Http},
    support,
};

const LOGIN: &str = "mutation($input: LoginInput!) { login(input: $input) { token } }";
const ORIGIN: &str = "https://hospital.test";

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_user_a_wrong_password_and_a_wrong_key_get_the_same_answer_byte_for_byte() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let http = Http::of(&hospital.api);
        let (doctor, wrong) = (&hospital.doctor, "wrong horse 7 battery");
        let known = doctor.username.as_str();
        let disabled = hospital.stranger.username.as_str();
        disable(&hospital, &hospital.stranger).await;

        let mut answers = Vec::new();
        for (user, password, key) in [
            ("nobody@hospital.test", PASSWORD, key(7)),
            ("nobody@hospital.test", PASSWORD, doctor.key.clone()),
            (known, wrong, doctor.key.clone()),
            (known, PASSWORD, key(7)),
            (known, PASSWORD, hospital.admin.key.clone()),
            (disabled, PASSWORD, hospital.stranger.key.clone()),
        ] {
            let challenge = challenge(&http, user).await;
            answers.push((user, http.ask(None, LOGIN, &proof(user, password, &key, &challenge)).await));
        }
        let used = challenge(&http, known).await;
        let good = proof(known, PASSWORD, &doctor.key, &used);
        assert_eq!(http.ask(None, LOGIN, &good).await.code(), "ok");
        answers.push(("again", http.ask(None, LOGIN, &good).await));

        let (_, first) = &answers[0];
        assert_eq!(first.code(), "INVALID_CREDENTIALS", "{db}");
        for (attempt, answer) in &answers {
            assert_eq!((answer.status, &answer.text), (first.status, &first.text), "{db}: {attempt}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_looks_the_same_for_nobody_as_for_somebody() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let http = Http::of(&hospital.api);
        for user in ["nobody@hospital.test", "", hospital.doctor.username.as_str()] {
            assert_eq!(challenge(&http, user).await.len(), 43, "{db}: 256 bits in base64url for `{user}`");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_user_and_a_wrong_code_enrol_with_the_same_answer_byte_for_byte() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let http = Http::of(&hospital.api);
        let mut answers = Vec::new();
        for user in ["nobody@hospital.test", hospital.doctor.username.as_str()] {
            let (key, code) = (key(7), "NOSUCHCODE");
            let text =
                Enrol { user: user.to_owned(), code_hash: text_hash(code), key_id: key.public().key_id() };
            let given = json!({"input": {"username": user, "code": code, "password": PASSWORD,
                "publicKey": key.public().spki_pem(), "signature": sign(&key, &text)}});
            let enrol = "mutation($input: EnrolInput!) { enrol(input: $input) { keyId } }";
            answers.push(http.ask(None, enrol, &given).await);
        }
        assert_eq!(answers[0].code(), "ENROLMENT_REFUSED", "{db}");
        assert_eq!(answers[0].text, answers[1].text, "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_of_somebody_else_and_one_who_does_not_exist_get_the_same_answer_byte_for_byte() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let http = Http::of(&hospital.api);
        let open = "query($id: UUID!) { patient(id: $id) { identity { family } } }";
        let draft = "mutation($input: DraftPrescriptionInput!) { draftPrescription(input: $input) { id } }";
        for (query, of) in [
            (open, (|id| json!({"id": id})) as fn(Uuid) -> Value),
            (draft, |id| json!({"input": {"patientId": id, "idempotencyKey": Uuid::nil()}})),
        ] {
            let there = refused(&hospital, &http, query, &of(hospital.patient_id)).await;
            let nobody = refused(&hospital, &http, query, &of(Uuid::new_v4())).await;
            assert_eq!(there.0.code(), "NO_CARE_RELATION", "{db}");
            assert_eq!((there.0.status, there.0.text), (nobody.0.status, nobody.0.text), "{db}");
            // The same work as well: one denial each.
            assert_eq!((there.1, nobody.1), (1, 1), "{db}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_of_somebody_else_and_one_that_does_not_exist_get_the_same_answer_byte_for_byte() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let http = Http::of(&hospital.api);
        let stranger = &hospital.stranger;
        let draft = hospital.doctor.draft(hospital.patient_id).await;
        let there = stranger.signed_issue(&draft, "AMX250", 1);
        let mut nothing = there.clone();
        nothing["input"]["id"] = json!(Uuid::new_v4());
        let there = http.ask(Some(stranger.token()), crate::hospital::ISSUE, &there).await;
        let nothing = http.ask(Some(stranger.token()), crate::hospital::ISSUE, &nothing).await;
        assert_eq!(there.code(), "NOT_FOUND", "{db}");
        assert_eq!((there.status, there.text), (nothing.status, nothing.text), "{db}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_of_a_disabled_user_end_at_once_and_nobody_is_told_why() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let http = Http::of(&hospital.api);
        let mut second = hospital.pharmacist.clone();
        second.login().await;
        let ask = async |token: Option<String>| {
            http.ask(token, "{ prescriptionQueue { edges { cursor } } }", &json!({})).await
        };
        assert_eq!(ask(Some(second.token())).await.code(), "ok", "{db}");

        disable(&hospital, &hospital.pharmacist).await;
        let stranger = ask(Some("bm90IGEgdG9rZW4gb2YgYW55Ym9keQ".to_owned())).await;
        assert_eq!(stranger.code(), "UNAUTHENTICATED", "{db}");
        for token in [hospital.pharmacist.token(), second.token()] {
            assert_eq!(ask(Some(token)).await.text, stranger.text, "{db}: like a token that never was");
        }
    }
}

async fn disable(hospital: &Hospital, client: &Client) {
    let disable = "mutation($id: UUID!) { disableUser(input: {accountId: $id}) { status } }";
    hospital.admin.ask(disable, json!({"id": client.account})).await;
}

/// What a doctor who treats nobody is told, and how many denials that left.
async fn refused(hospital: &Hospital, http: &Http, query: &str, given: &Value) -> (Answer, usize) {
    let before = *hospital.world.ledger.head().borrow();
    let answer = http.ask(Some(hospital.stranger.token()), query, given).await;
    let entries = hospital.world.ledger.entries(&Filter::default(), 10).await.unwrap();
    let new: Vec<_> = entries.into_iter().take_while(|entry| entry.index > before).collect();
    assert!(new.iter().all(|entry| entry.outcome == "DENIED"), "{new:?}");
    (answer, new.len())
}

async fn challenge(http: &Http, user: &str) -> String {
    let challenge = "mutation($u: String!) { loginChallenge(input: {username: $u}) { challenge } }";
    let answer = http.ask(None, challenge, &json!({"u": user})).await;
    answer.json()["data"]["loginChallenge"]["challenge"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", answer.text))
        .to_owned()
}

fn proof(user: &str, password: &str, key: &PrivateKey, challenge: &str) -> Value {
    let key_id = key.public().key_id();
    let text = Login {
        user: user.to_owned(),
        challenge: challenge.to_owned(),
        purpose: LoginPurpose::Login,
        origin: ORIGIN.to_owned(),
        key_id: key_id.clone(),
    };
    json!({"input": {"username": user, "password": password, "challenge": challenge, "keyId": key_id,
        "origin": ORIGIN, "signature": sign(key, &text)}})
}

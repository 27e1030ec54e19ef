//! What must stay where it is: private keys with their owners, clinical words with those who treat.

use crypto::signed_text::text_hash;
use medicrypt::schema;
use serde_json::{Value, json};

use crate::{
    hospital::{Client, DISPENSE, Hospital, ISSUE, PASSWORD},
    http::{Answer, Http},
    log,
    planted::{self, record},
    sdl::{Sdl, name_of},
    support,
};

/// Words of a field's or type's name that a pharmacist's answers must not have.
const CLINICAL: [&str; 6] = ["record", "diagnos", "cause", "note", "vital", "observation"];

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_in_any_argument_is_refused_and_neither_echoed_nor_logged() {
    let (log, schema) = (log::captured(), Sdl::parse(&schema::sdl()));
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let http = Http::of(&hospital.api);
        let pem = hospital.doctor.key.to_pem().unwrap();
        let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let entries = *hospital.world.ledger.head().borrow();
        let mut places = 0;
        for root in schema.roots() {
            for given in texts(&schema, root.field) {
                for key in [pem.as_str(), &bare] {
                    let given =
                        serde_json::from_str(&given.to_string().replace("HERE", &key.replace('\n', "\\n")))
                            .unwrap();
                    let answer =
                        http.ask(Some(hospital.doctor.token()), &schema.ask_all(root, &given), &given).await;
                    let place = format!("{}: {}", root.field.name.node, answer.text);
                    assert_eq!(
                        (answer.status.as_u16(), answer.code().as_str()),
                        (400, "PRIVATE_KEY_REFUSED"),
                        "{place}"
                    );
                    assert!(!answer.text.contains(&bare[100..140]), "{place}");
                    places += 1;
                }
            }
        }
        assert!(places >= 40, "only {places} places take a text");
        let literal =
            format!("mutation {{ loginChallenge(input: {{username: \"{bare}\"}}) {{ challenge }} }}");
        let answer = http.ask(None, &literal, &json!({})).await;
        assert_eq!(answer.code(), "PRIVATE_KEY_REFUSED");
        assert!(!answer.text.contains(&bare[100..140]));
        assert_eq!(entries, *hospital.world.ledger.head().borrow(), "nothing got as far as a room");
        assert!(!log.text().contains(&bare[100..140]), "a private key was logged");
    }
}

/// Arguments with `HERE` in one text each, for every text that a field takes.
fn texts(schema: &Sdl, field: &async_graphql::parser::types::FieldDefinition) -> Vec<Value> {
    let mut texts = Vec::new();
    for argument in field.arguments.iter().map(|argument| &argument.node) {
        let (name, ty) = (argument.name.node.as_str(), name_of(&argument.ty.node));
        if ty == "String" {
            texts.push(json!({name: "HERE"}));
        }
        for (place, inner) in schema.inputs() {
            if place.starts_with(&format!("{ty}.")) && name_of(&inner.ty.node) == "String" {
                texts.push(json!({name: {inner.name.node.as_str(): "HERE"}}));
            }
        }
    }
    texts
}

#[tokio::test(flavor = "multi_thread")]
async fn no_clinical_word_is_in_the_admins_view_in_an_error_or_in_the_servers_output() {
    let (log, schema) = (log::captured(), Sdl::parse(&schema::sdl()));
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let http = Http::of(&hospital.api);
        record(&hospital).await;
        let prescription = hospital.prescribe(10).await;
        let ask = async |client: &Client, field: &str, given: Value| -> Answer {
            let root = schema.roots().into_iter().find(|root| root.field.name.node == field).unwrap();
            http.ask(Some(client.token()), &schema.ask_all(root, &given), &given).await
        };

        // Those who may, see it all: the words are really there.
        let seen = ask(&hospital.doctor, "patient", json!({"id": hospital.patient_id})).await.text;
        for word in planted::words() {
            assert!(seen.contains(word), "{word} is not planted well: {seen}");
        }
        ask(&hospital.pharmacist, "prescriptionQueue", json!({})).await;
        hospital.pharmacist.dispense(prescription, 10).await.unwrap();
        for field in ["myProfile", "myRecords", "myPrescriptions", "myAccessLog"] {
            assert_eq!(ask(&hospital.patient, field, json!({})).await.code(), "ok", "{field}");
        }

        // Everything that is refused, by those who tried, with clinical words wherever a client can write one.
        let (doctor, patient) = (&hospital.doctor, hospital.patient_id);
        let draft = doctor.draft(patient).await;
        let mut odd_dosage = doctor.signed_issue(&draft, "AMX250", 1);
        odd_dosage["input"]["dosage"] = json!("twice a plantday\u{202e}");
        let mut odd_kind = doctor.signed_issue(&draft, "AMX250", 1);
        odd_kind["input"]["quantity"] = json!("Plantitis");
        let handover = hospital.pharmacist.signed_handover(prescription, &text_hash("Plantitis"), 1);
        let patient_of = "query($id: UUID!) { patient(id: $id) { identity { family } } }";
        let refusals = [
            (doctor, ISSUE, doctor.signed_issue(&draft, "Amoxiplant", 1)),
            (doctor, ISSUE, odd_dosage),
            (doctor, ISSUE, odd_kind),
            (doctor, ISSUE, hospital.stranger.signed_issue(&draft, "AMX250", 1)),
            (&hospital.stranger, ISSUE, hospital.stranger.signed_issue(&draft, "AMX250", 1)),
            (&hospital.stranger, patient_of, json!({"id": patient})),
            (&hospital.admin, patient_of, json!({"id": patient})),
            (doctor, patient_of, json!({"id": "Quackenbush"})),
            (doctor, "{ patient(id: \"Quackenbush\") { identity { family } } }", json!({})),
            (doctor, "{ treatedPatients(page: {after: \"Quackenbush\"}) { edges { cursor } } }", json!({})),
            (&hospital.admin, "{ users(role: Plantitis) { edges { cursor } } }", json!({})),
            (
                &hospital.admin,
                "query($r: Role) { users(role: $r) { edges { cursor } } }",
                json!({"r": "Plantitis"}),
            ),
            (
                doctor,
                "query($n: Int) { treatedPatients(page: {first: $n}) { edges { cursor } } }",
                json!({"n": "Plantitis"}),
            ),
            (&hospital.pharmacist, DISPENSE, handover),
        ];
        for (client, query, given) in refusals {
            let answer = http.ask(Some(client.token()), query, &given).await;
            assert_ne!(answer.code(), "ok", "{query} {given}");
            holds_none_of(query, &answer.text);
        }

        // The admin looks at everything that an admin has.
        for field in ["users", "verifyAuditLog", "me"] {
            holds_none_of(field, &ask(&hospital.admin, field, json!({})).await.text);
        }
        let (mut after, mut entries) = (Value::Null, 0);
        loop {
            let page = ask(&hospital.admin, "auditLog", json!({"page": {"first": 50, "after": after}})).await;
            holds_none_of("auditLog", &page.text);
            let log = &page.json()["data"]["auditLog"];
            entries += log["edges"].as_array().unwrap().len();
            after = log["pageInfo"]["endCursor"].clone();
            if log["pageInfo"]["hasNextPage"] != true {
                break;
            }
        }
        assert!(entries > 50, "only {entries} entries were read");

        // What the server would print at its most talkative: neither words nor secrets, in any disguise.
        let output = log.text();
        let listened = output.lines().filter(|line| line.contains(" TRACE ")).count();
        assert!(listened > 500, "only {listened} lines of the most talkative level were heard");
        let mut secrets: Vec<String> =
            planted::words().iter().chain(&[PASSWORD]).map(ToString::to_string).collect();
        let clients = [&hospital.doctor, &hospital.admin, &hospital.patient, &hospital.pharmacist];
        secrets.extend(clients.iter().flat_map(|client| [client.token(), client.username.clone()]));
        for secret in secrets {
            for disguise in log::disguises(&secret) {
                let line = output.lines().find(|line| line.contains(&disguise));
                assert!(line.is_none(), "{db}: `{secret}` as `{disguise}` in: {line:?}");
            }
        }
    }
}

fn holds_none_of(place: &str, text: &str) {
    for word in planted::words() {
        assert!(!text.contains(word), "{place}: `{word}` in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pharmacist_reaches_no_diagnosis_cause_or_note_on_any_page() {
    let whole = Sdl::parse(&schema::sdl());
    // Fields and types that a role's root fields lead to, with what everyone may ask.
    let reached = |role: &str| {
        let of = |module: &str| {
            let modules = schema::sdl_by_role();
            let (_, text) = modules.into_iter().find(|(name, _)| *name == module).unwrap();
            let own = Sdl::parse(&text);
            let names: Vec<String> =
                own.roots().iter().map(|root| root.field.name.node.to_string()).collect();
            names
        };
        let permitted: Vec<String> = of(role).into_iter().chain(of("everyone")).collect();
        let mut names = Vec::new();
        for root in
            whole.roots().into_iter().filter(|root| permitted.contains(&root.field.name.node.to_string()))
        {
            for ty in whole.reachable(&root.field.ty.node) {
                names.extend(whole.fields(&ty).iter().map(|field| format!("{ty}.{}", field.name.node)));
            }
        }
        names
    };
    let clinical = |name: &String| CLINICAL.iter().any(|word| name.to_lowercase().contains(word));
    let doctors: Vec<_> = reached("doctor").into_iter().filter(clinical).collect();
    assert!(
        doctors.iter().any(|name| name == "MedicalRecord.cause"),
        "the walk finds what is there: {doctors:?}"
    );
    let pharmacists: Vec<_> = reached("pharmacist").into_iter().filter(clinical).collect();
    assert!(pharmacists.is_empty(), "{pharmacists:?}");

    // And the pages of the other roles stay shut for the same session.
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        record(&hospital).await;
        for root in whole.roots() {
            let name = root.field.name.node.as_str();
            if whole.reachable(&root.field.ty.node).contains("MedicalRecord") {
                let given = if name == "patient" { json!({"id": hospital.patient_id}) } else { json!({}) };
                let refused = hospital.pharmacist.refused(&whole.ask_all(root, &given), given).await;
                assert_eq!(refused, "FORBIDDEN", "{db}: {name}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_sets_a_cookie() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;
        let http = Http::of(&hospital.api);
        let challenge = "mutation($u: String!) { loginChallenge(input: {username: $u}) { challenge } }";
        let given = json!({"u": hospital.doctor.username});
        for answer in [
            http.ask(None, challenge, &given).await,
            http.ask(Some(hospital.doctor.token()), "{ me { id } }", &json!({})).await,
            http.ask(Some(hospital.doctor.token()), "mutation { logout }", &json!({})).await,
            http.ask(Some(hospital.doctor.token()), "{ me { id } }", &json!({})).await,
        ] {
            assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
        }
    }
}

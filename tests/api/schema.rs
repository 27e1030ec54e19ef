//! What the schema must say about itself.

use std::{collections::BTreeMap, fs};

use async_graphql::parser::types::TypeKind;
use medicrypt::schema;

use crate::sdl::{self, Sdl};

/// Asks for a session and nothing more: the action of fields that have no rule.
pub(crate) const LOGGED_IN: &str = "LOGGED_IN";

fn whole() -> Sdl {
    Sdl::parse(&schema::sdl())
}

#[test]
fn the_checked_in_schema_is_what_the_code_says() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let (file, code) = (fs::read_to_string(file).unwrap_or_default(), schema::sdl());
    let first = file.lines().zip(code.lines()).position(|(file, code)| file != code);
    assert!(
        file == code,
        "schema.graphql differs from the code, first in line {}; if the code is right: \
         cargo run --bin medicrypt -- schema > schema.graphql",
        first.unwrap_or(file.lines().count().min(code.lines().count())) + 1
    );
}

#[test]
fn no_two_roles_have_a_root_field_of_one_name() {
    let mut owner = BTreeMap::new();
    let (mut of_roles, mut roles) = (0, 0);
    for (role, text) in schema::sdl_by_role() {
        roles += 1;
        for root in Sdl::parse(&text).roots() {
            of_roles += 1;
            let other = owner.insert((root.operation, root.field.name.node.to_string()), role);
            assert_eq!(other, None, "`{}` is of {role} and of another role", root.field.name.node);
        }
    }
    // The merged schema has what the roles have, so none was lost on the way.
    assert_eq!((roles, of_roles), (5, whole().roots().len()));
}

#[test]
fn every_root_field_says_who_may_ask() {
    for root in whole().roots() {
        let says = sdl::directives(root.field, "can").len() + sdl::directives(root.field, "public").len();
        assert_eq!(says, 1, "`{}` must have either @can or @public", root.field.name.node);
    }
}

#[test]
fn every_action_in_the_schema_is_one_that_some_rule_grants() {
    let rules = schema::rules();
    for (place, field) in whole().all_fields() {
        let Some(action) = sdl::action(field).filter(|action| action != LOGGED_IN) else { continue };
        assert!(rules.iter().any(|rule| rule.action == action), "{place}: no rule is about `{action}`");
    }
}

#[test]
fn what_leads_to_a_patients_data_says_what_it_opens() {
    let schema = whole();
    let sealed = ["Demographics", "RecordBody", "PrescriptionBody", "PrescriptionProgress", "DispensingBody"];
    for root in schema.roots() {
        let reaches = |name: &str| schema.reachable(&root.field.ty.node).contains(name);
        let opens = sdl::directives(root.field, "opens");
        let clinical =
            ["PatientIdentity", "MedicalRecord", "Prescription", "WaitingPrescription", "DispensingReceipt"];
        if clinical.into_iter().any(reaches) {
            assert!(
                !opens.is_empty(),
                "`{}` opens something, and its @opens does not say what",
                root.field.name.node
            );
        }
        for directive in opens {
            let payload = directive.get_argument("payload").unwrap().node.to_string();
            assert!(
                sealed.contains(&payload.trim_matches('"')),
                "`{}` opens {payload}?",
                root.field.name.node
            );
        }
    }
}

#[test]
fn a_directive_that_stands_twice_on_a_field_is_repeatable() {
    let schema = whole();
    let once = schema.directives_used_once();
    assert!(once.iter().any(|name| name == "can"), "{once:?}");
    for (place, field) in schema.all_fields() {
        for directive in &once {
            let times = sdl::directives(field, directive).len();
            assert!(times <= 1, "{place}: @{directive} stands {times} times and is not repeatable");
        }
    }
}

#[test]
fn everything_in_the_schema_is_described() {
    let schema = whole();
    let mut silent = Vec::new();
    let mut note = |place: String, said: bool| {
        if !said {
            silent.push(place);
        }
    };
    for definition in schema.types() {
        let name = definition.name.node.to_string();
        // async-graphql's own type, which takes no description; what is in it has some.
        note(name.clone(), definition.description.is_some() || name.ends_with("Connection"));
        if let TypeKind::Enum(values) = &definition.kind {
            for value in values.values.iter().map(|value| &value.node) {
                note(format!("{}.{}", definition.name.node, value.value.node), value.description.is_some());
            }
        }
    }
    for (place, field) in schema.all_fields() {
        note(place, field.description.is_some());
    }
    for (place, input) in schema.inputs() {
        note(place, input.description.is_some());
    }
    assert!(silent.is_empty(), "without a description: {silent:#?}");
}

#[test]
fn nothing_in_the_schema_asks_for_a_private_key() {
    const SUSPECT: [&str; 9] =
        ["private", "secret", "pem", "pkcs", "pkcs1", "pkcs8", "jwk", "passphrase", "keystore"];
    let inputs = whole();
    let inputs = inputs.inputs();
    assert!(inputs.iter().any(|(place, _)| place == "EnrolInput.publicKey"), "the walk finds inputs");
    for (place, input) in inputs {
        let words = words(&input.name.node);
        assert!(!words.iter().any(|word| SUSPECT.contains(&word.as_str())), "{place}");
    }
}

#[test]
fn names_are_split_into_their_words() {
    assert_eq!(words("privateKeyPem"), ["private", "key", "pem"]);
    assert_eq!(words("pkcs8_key"), ["pkcs8", "key"]);
}

/// `signingKey` is `signing`, `key`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter.is_uppercase() || letter == '_' {
            words.push(String::new());
        }
        if letter != '_' {
            words.last_mut().unwrap().extend(letter.to_lowercase());
        }
    }
    words
}

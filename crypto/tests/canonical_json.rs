//! The canonical form: what is written, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use medicrypt_crypto::canonical::{MAX_DEPTH, MAX_LENGTH, TextRefused, parse, to_text};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn keys_are_sorted_by_utf16_and_spaces_are_gone() {
    // RFC 8785 section 3.2.3: U+1F600 sorts by its surrogate 0xD83D, before U+FF71, though UTF-8 has it
    // after.
    let value = json!({ "ｱ": 5, "😀": 4, "€": 3, "ö": 2, "1": 1, "a": { "y": [true, null, "x"], "b": {} } });
    let text = r#"{"1":1,"a":{"b":{},"y":[true,null,"x"]},"ö":2,"€":3,"😀":4,"ｱ":5}"#;
    assert_eq!(to_text(&value).unwrap(), text);
    assert_eq!(parse(text).unwrap(), value);
}

#[test]
fn strings_are_escaped_only_where_they_must_be() {
    assert_eq!(to_text(&json!(r#"a"b\c/d<é>"#)).unwrap(), r#""a\"b\\c/d<é>""#);
}

#[test]
fn a_text_that_is_not_its_own_canonical_form_is_refused() {
    for text in [
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a": 1}"#,
        "{\"a\":1}\n",
        " 1",
        r#"{"a":"\u0041"}"#,
        r#"{"a":"\/"}"#,
        r#"{"a":"\u00e9"}"#,
    ] {
        assert_eq!(parse(text), Err(TextRefused::NotCanonical), "{text}");
    }
    for text in ["", "{", "{'a':1}", "[1,]", "01", "+1", "NaN", "\u{feff}{}", r#""\ud800""#, "{}{}"] {
        assert!(matches!(parse(text), Err(TextRefused::NotJson { .. })), "{text}");
    }
}

#[test]
fn only_exact_integers_are_numbers() {
    for text in ["9007199254740992", "-9007199254740992", "0", "-1"] {
        assert_eq!(to_text(&parse(text).unwrap()).unwrap(), text);
    }
    for text in
        ["9007199254740993", "-9007199254740993", "18446744073709551615", "1.0", "0.5", "1e3", "-0", "1e400"]
    {
        assert!(matches!(parse(text), Err(TextRefused::Number | TextRefused::NotJson { .. })), "{text}");
    }
    assert_eq!(to_text(&json!(1.0)), Err(TextRefused::Number));
    assert_eq!(to_text(&json!(u64::MAX)), Err(TextRefused::Number));
}

#[test]
fn what_a_reader_cannot_see_is_refused_in_values_and_keys() {
    // Trojan-source style: the override makes "5 mg" read as "gm 5".
    let refused = |code_point| Err(TextRefused::Character { code_point });
    assert_eq!(to_text(&json!({ "dosage": "\u{202e}gm 5" })), refused(0x202e));
    assert_eq!(to_text(&json!({ "do\u{200b}sage": "5 mg" })), refused(0x200b));
    assert_eq!(parse(r#"{"a":"x\u0000"}"#).err(), refused(0).err());
    assert_eq!(to_text(&json!(["a\nb"])), refused(0x0a));
    assert_eq!(to_text(&json!("Zoe\u{308}")), Err(TextRefused::NotNormalized));
    assert_eq!(to_text(&json!("Zoë")).unwrap(), "\"Zoë\"");
}

#[test]
fn depth_and_length_have_their_limits() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(parse(&nested(MAX_DEPTH + 1)), Err(TextRefused::TooDeep));
    assert!(parse(&nested(5_000)).is_err());
    let scalars_at_the_bottom = format!("{}1{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(parse(&scalars_at_the_bottom).is_ok());

    let of_length = |length: usize| format!("\"{}\"", "a".repeat(length - 2));
    assert!(parse(&of_length(MAX_LENGTH)).is_ok());
    assert_eq!(parse(&of_length(MAX_LENGTH + 1)), Err(TextRefused::TooLong));
    assert_eq!(to_text(&json!("a".repeat(MAX_LENGTH))), Err(TextRefused::TooLong));
}

#[test]
fn an_error_never_repeats_the_text() {
    for text in [r#"{"diagnosis":"asthma\n"}"#, r#"{"diagnosis":"asthma"#, r#"{"diagnosis": "asthma"}"#] {
        let error = parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("asthma"));
    }
}

fn values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53)..=1 << 53).prop_map(Value::from),
        "[ -~äöü€😀]{0,12}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("[ -~ä😀ｱ]{0,6}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_written_value_is_read_back(value in values()) {
        prop_assert_eq!(parse(&to_text(&value).unwrap()).unwrap(), value);
    }

    #[test]
    fn whatever_is_read_is_written_the_same(text in r#"[\[\]{}:,"a0-9.e\-\\u ]{0,24}"#) {
        if let Ok(value) = parse(&text) {
            prop_assert_eq!(to_text(&value).unwrap(), text);
        }
    }
}

//! Documents and bodies that are too large, in every way we know.

use async_graphql::{EmptySubscription, Request as GraphqlRequest, Schema, parser::parse_query};
use axum::http::StatusCode;
use medicrypt::server::{DocumentLimits, Gate};
use serde_json::json;

use crate::toy::{Mutation, Query, World};

#[tokio::test]
async fn an_814_byte_fragment_bomb_is_refused_before_any_resolver() {
    let names: Vec<_> = ('A'..='V').collect();
    let pairs =
        names.windows(2).map(|pair| format!("fragment {} on Query{{...{1} ...{1}}}", pair[0], pair[1]));
    let bomb = format!("{{...A}}{}fragment V on Query{{ping}}", pairs.collect::<String>());
    let bomb = format!("{bomb:<814}");
    assert_eq!(bomb.len(), 814);
    World::new().refuses(&bomb, "DOCUMENT_TOO_LARGE").await;

    // The same document come parsed, over another transport: the gate as an extension of the schema.
    let gate = Gate { limits: DocumentLimits::default(), holds_private_key: |_| false };
    let schema = Schema::build(Query, Mutation, EmptySubscription).extension(gate).finish();
    let mut parsed = GraphqlRequest::new("");
    parsed.set_parsed_query(parse_query(&bomb).unwrap());
    let response = schema.execute(parsed).await;
    let code = response.errors[0].extensions.as_ref().unwrap().get("code").cloned();
    assert_eq!(code, Some("DOCUMENT_TOO_LARGE".into()));
    assert!(schema.execute("{ ping }").await.is_ok());
}

#[tokio::test]
async fn floods_of_every_kind_are_refused_before_any_resolver() {
    let world = World::new();
    let nested = |depth: usize| format!("{{{}name{}}}", "node{".repeat(depth - 1), "}".repeat(depth - 1));
    let aliases =
        |count: usize| format!("{{{}}}", (0..count).map(|i| format!("a{i}:ping ")).collect::<String>());
    let directives = |count: usize| format!("{{ping {}}}", "@skip(if:false)".repeat(count));
    let fields = |count: usize| format!("{{{}}}", "ping ".repeat(count));
    for (over, what) in [
        (nested(11), "levels of fields"),
        (aliases(31), "aliases"),
        (directives(51), "directives"),
        (fields(1_001), "fields"),
        (fields(40_000), "tokens"),
        (format!("{{echo(text:{}", "[".repeat(200_000)), "levels of brackets"),
        (format!("query {}", "{a".repeat(60_000)), "levels of brackets"),
        // Many operations, each small enough.
        (('A'..='Z').map(|name| format!("query {name} {}", fields(50))).collect::<String>(), "fields"),
        // The depth and the aliases are in fragments.
        (format!("{{node{{...A}}}}fragment A on Node{}", nested(10)), "levels of fields"),
        (format!("{{...A ...A}}fragment A on Query{}", aliases(16)), "aliases"),
        // An unused one counts as well.
        (format!("{{ping}}fragment A on Query{}", aliases(31)), "aliases"),
        ("{__schema{types{fields{type{fields{type{fields{name}}}}}}}}".into(), "lists of introspection"),
    ] {
        let said = world.refuses(&over, "DOCUMENT_TOO_LARGE").await;
        let (_, limit) = said.split_once(" more than ").unwrap();
        assert!(limit.split_once(' ').unwrap().1.starts_with(what), "{over:.80}: {said}");
    }
    for within in [nested(10), aliases(30), fields(1_000)] {
        let answer = world.query(&within).await;
        assert_eq!(answer.json().get("errors"), None, "{}", answer.text);
    }
    // Fifty directives pass the gate; that GraphQL refuses a repeated `@skip` is its own affair.
    assert_eq!(world.query(&directives(50)).await.code(), "GRAPHQL_VALIDATION_FAILED");
}

#[tokio::test]
async fn fragment_cycles_are_refused_used_or_not() {
    let world = World::new();
    world.refuses("{...A}fragment A on Query{...A}", "FRAGMENT_CYCLE").await;
    world.refuses("{...A}fragment A on Query{...B}fragment B on Query{ping...A}", "FRAGMENT_CYCLE").await;
    world.refuses("{ping}fragment A on Query{...B}fragment B on Query{...A}", "FRAGMENT_CYCLE").await;
}

#[tokio::test]
async fn a_tool_may_ask_for_the_whole_schema() {
    let of_type = "ofType{kind name ".repeat(9) + &"}".repeat(9);
    let query = format!(
        "query IntrospectionQuery{{__schema{{queryType{{name}}mutationType{{name}}subscriptionType{{name}}\
         types{{...FullType}}directives{{name description locations args{{...InputValue}}}}}}}}\
         fragment FullType on __Type{{kind name description fields(includeDeprecated:true){{name description \
         args{{...InputValue}}type{{...TypeRef}}isDeprecated deprecationReason}}inputFields{{...InputValue}}\
         interfaces{{...TypeRef}}enumValues(includeDeprecated:true){{name description isDeprecated \
         deprecationReason}}possibleTypes{{...TypeRef}}}}\
         fragment InputValue on __InputValue{{name description type{{...TypeRef}}defaultValue}}\
         fragment TypeRef on __Type{{kind name {of_type}}}"
    );
    let answer = World::new().query(&query).await;
    assert_eq!(answer.json()["data"]["__schema"]["queryType"]["name"], "Query", "{}", answer.text);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let world = World::new();
    let ten_megabytes = json!({"query": "{ ping }", "variables": {"x": "x".repeat(10 << 20)}}).to_string();
    let answer = world.post(&[], ten_megabytes).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"));
    assert_eq!(world.executed(), 0);
    let mut full = json!({"query": "{ ping }"}).to_string();
    full += &" ".repeat(256 * 1024 - full.len());
    assert_eq!(world.post(&[], full.clone()).await.status, StatusCode::OK);
    assert_eq!(world.post(&[], full + " ").await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

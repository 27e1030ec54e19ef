//! GraphQL over HTTP: methods, media types, the shape of a request.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::json;

use crate::toy::World;

const GRAPHQL: &str = "application/graphql-response+json";

#[tokio::test]
async fn a_query_is_answered_by_post_and_by_get() {
    let world = World::new();
    let posted = world.post(
        &[],
        json!({"query": "query Q($t: String!) { echo(text: $t) }", "variables": {"t": "x"}}).to_string(),
    );
    let posted = posted.await;
    assert_eq!((posted.status, posted.json()["data"].clone()), (StatusCode::OK, json!({"echo": "x"})));
    assert_eq!(posted.json()["extensions"]["cost"], json!({"fields": 1, "depth": 1, "aliases": 0}));
    let got = world.get(
        "/graphql?query=query($t:String!)%7Becho(text:$t)%7D&variables=%7B%22t%22:%22x%22%7D&operationName",
    );
    assert_eq!(got.await.code(), "UNKNOWN_OPERATION");
    let got = world
        .get("/graphql?query=query($t:String!)%7Becho(text:$t)%7D&variables=%7B%22t%22:%22x%22%7D")
        .await;
    assert_eq!((got.status, got.json()["data"].clone()), (StatusCode::OK, json!({"echo": "x"})));
}

#[tokio::test]
async fn a_mutation_is_refused_by_get_even_among_queries() {
    let world = World::new();
    for path in [
        "/graphql?query=mutation%7Bchange%7D",
        "/graphql?query=query%20A%7Bping%7Dmutation%20B%7Bchange%7D&operationName=B",
    ] {
        let answer = world.get(path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED")
        );
        assert_eq!(answer.header("allow"), "GET, POST");
    }
    assert_eq!(world.executed(), 0);
    assert_eq!(world.query("mutation { change }").await.json()["data"], json!({"change": true}));
}

#[tokio::test]
async fn only_plain_json_is_read() {
    let world = World::new();
    let body = || json!({"query": "{ ping }"}).to_string();
    for kind in [
        "text/plain",
        "text/plain; charset=application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
        "application/jsonp",
        "",
    ] {
        let answer = world.post(&[("content-type", kind)], body()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        assert_eq!(answer.code(), "UNSUPPORTED_MEDIA_TYPE");
    }
    let compressed = world.post(&[("content-encoding", "gzip")], body()).await;
    assert_eq!(compressed.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let untyped = Request::post("/graphql").body(Body::from(body())).unwrap();
    assert_eq!(world.send(untyped).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(world.executed(), 0);
    let spelled = world.post(&[("content-type", "Application/JSON;charset=UTF-8")], body()).await;
    assert_eq!(spelled.status, StatusCode::OK);
}

#[tokio::test]
async fn the_shape_of_a_request_is_strict() {
    let world = World::new();
    for body in [
        "",
        "null",
        "\"{ ping }\"",
        "[]",
        r#"[{"query":"{ ping }"},{"query":"{ ping }"}]"#,
        "{}",
        r#"{"query":null}"#,
        r#"{"query":["{ ping }"]}"#,
        r#"{"query":"{ ping }","query":"{ ping }"}"#,
        r#"{"query":"{ ping }","operationName":1}"#,
        r#"{"query":"{ ping }","variables":[]}"#,
        r#"{"query":"{ ping }","variables":"{}"}"#,
        r#"{"query":"{ ping }","extensions":[]}"#,
        r#"{"query":"{ ping }","id":"x"}"#,
        r#"{"query":"{ ping }"} {}"#,
    ] {
        let answer = world.post(&[], body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "BAD_REQUEST"),
            "{body}"
        );
    }
    for path in ["/graphql", "/graphql?query=%7Bping%7D&x=1", "/graphql?query=%7Bping%7D&variables=1"] {
        assert_eq!(world.get(path).await.code(), "BAD_REQUEST", "{path}");
    }
    assert_eq!(world.executed(), 0);
    let nulls = r#"{"query":"{ ping }","operationName":null,"variables":null,"extensions":null}"#;
    assert_eq!(world.post(&[], nulls).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_answer_comes_in_the_media_type_that_was_asked_for() {
    let world = World::new();
    for (accept, kind) in [
        (GRAPHQL, GRAPHQL),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL),
        ("application/graphql-response+json;q=0.5, application/json", "application/json"),
        ("application/json;q=0, */*", GRAPHQL),
    ] {
        let answer = world.post(&[("accept", accept)], json!({"query": "{ ping }"}).to_string()).await;
        assert_eq!(answer.header("content-type"), format!("{kind}; charset=utf-8"), "{accept}");
    }
    let silent = world.query("{ ping }").await;
    assert_eq!(silent.header("content-type"), "application/json; charset=utf-8");
    let html = world.post(&[("accept", "text/html")], json!({"query": "{ ping }"}).to_string()).await;
    assert_eq!((html.status, html.code().as_str()), (StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE"));
}

#[tokio::test]
async fn request_errors_are_400_in_the_new_media_type_and_200_in_the_old() {
    let world = World::new();
    for (body, code) in [
        (json!({"query": "{"}), "GRAPHQL_PARSE_FAILED"),
        (json!({"query": "{ nothing }"}), "GRAPHQL_VALIDATION_FAILED"),
        (json!({"query": "{ ping }", "operationName": "No"}), "UNKNOWN_OPERATION"),
        (json!({"query": "query A { ping } query B { ping }"}), "UNKNOWN_OPERATION"),
        (json!({"query": "query($t: String!) { echo(text: $t) }"}), "BAD_USER_INPUT"),
        (
            json!({"query": "query($t: String!) { echo(text: $t) }", "variables": {"t": null}}),
            "BAD_USER_INPUT",
        ),
        (
            json!({"query": "query($n: Int!) { double(number: $n) }", "variables": {"n": "one"}}),
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ] {
        for (accept, status) in [(GRAPHQL, StatusCode::BAD_REQUEST), ("application/json", StatusCode::OK)] {
            let answer = world.post(&[("accept", accept)], body.to_string()).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text);
            assert_eq!(answer.json().get("data"), None);
        }
    }
    let partial = world.post(&[("accept", GRAPHQL)], json!({"query": "{ ping fails }"}).to_string()).await;
    assert_eq!((partial.status, partial.json()["data"]["ping"].clone()), (StatusCode::OK, json!("pong")));
}

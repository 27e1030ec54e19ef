//! Who may ask, what must not get in, and what must not get out: in answers, headers and the log.

use std::{
    io,
    net::SocketAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode},
};
use serde_json::{Value, json};

use crate::toy::{Answer, World, settings};

const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----";

#[tokio::test]
async fn a_private_key_is_refused_wherever_it_stands_and_not_echoed() {
    let world = World::new();
    let literal = PEM.replace('\n', "\\n");
    let jwk = json!({"kty": "RSA", "n": "AQAB", "d": "c2VjcmV0"});
    for body in [
        json!({"query": "query($t: String!) { echo(text: $t) }", "variables": {"t": PEM}}),
        json!({"query": "query($t: X!) { echo(text: $t) }", "variables": {"t": {"a": [1, {"b": PEM}]}}}),
        json!({"query": "query($t: X!) { echo(text: $t) }", "variables": {"t": {PEM: 1}}}),
        json!({"query": "query($t: X!) { echo(text: $t) }", "variables": {"t": jwk}}),
        json!({"query": format!("{{ echo(text: \"{literal}\") }}")}),
        json!({"query": format!("{{ echo(text: \"\"\"{PEM}\"\"\") }}")}),
        json!({"query": format!("{{ echo(text: {{a: [\"{literal}\"]}}) }}")}),
        json!({"query": "{ echo(text: {kty: \"RSA\", d: \"c2VjcmV0\"}) }"}),
        json!({"query": format!("query($t: String = \"{literal}\") {{ echo(text: $t) }}")}),
        json!({"query": format!("{{ ping @skip(if: \"{literal}\") }}")}),
        json!({"query": format!("{{ ...F }} fragment F on Query {{ ... {{ echo(text: \"{literal}\") }} }}")}),
    ] {
        let answer = world.post(&[], body.to_string()).await;
        assert_eq!(answer.code(), "PRIVATE_KEY_REFUSED", "{body}: {}", answer.text);
        assert!(!answer.text.contains("MIIE") && !answer.text.contains("c2Vj"));
    }
    assert_eq!(world.executed(), 0);
}

#[tokio::test]
async fn what_went_wrong_inside_is_not_told_outside() {
    let world = World::new();
    for query in ["{ fails }", "{ panics }"] {
        let answer = world.query(query).await;
        assert_eq!(answer.code(), "INTERNAL", "{}", answer.text);
        assert!(!answer.text.contains("SELECT") && !answer.text.contains("own text"), "{}", answer.text);
    }
    // With suggestions switched off on the schema, a typo does not name what exists.
    let typo = world.query("{ pinh }").await;
    assert_eq!(typo.code(), "GRAPHQL_VALIDATION_FAILED");
    assert!(!typo.text.contains("\\\"ping\\\""), "{}", typo.text);
}

#[tokio::test]
async fn pages_of_foreign_origins_may_not_ask() {
    let world = World::new();
    let body = || json!({"query": "mutation { change }"}).to_string();
    for origin in
        ["https://evil.example", "https://hospital.example.evil", "https://hospital.example:444", "null", "x"]
    {
        let answer = world.post(&[("origin", origin)], body()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::FORBIDDEN, "FOREIGN_ORIGIN"),
            "{origin}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    assert_eq!(world.executed(), 0);
    for origin in ["https://hospital.example", "http://hospital.example", "https://app.example"] {
        assert_eq!(world.post(&[("origin", origin)], body()).await.status, StatusCode::OK, "{origin}");
    }
    let listed = world.post(&[("origin", "https://app.example")], body()).await;
    assert_eq!(listed.header("access-control-allow-origin"), "https://app.example");
    for (origin, told) in [("https://app.example", "https://app.example"), ("https://evil.example", "")] {
        let preflight = Request::options("/graphql")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .body(Body::empty());
        let answer = world.send(preflight.unwrap()).await;
        assert_eq!(answer.header("access-control-allow-origin"), told);
    }
}

#[tokio::test]
async fn the_schema_is_told_token_address_and_request_id() {
    let world = World::new();
    let told = |answer: &Answer| answer.json()["data"]["told"].as_str().unwrap().to_owned();
    let body = || json!({"query": "{ told }"}).to_string();
    let answer = world.post(&[("authorization", "bearer t0k-en=="), ("x-request-id", "mine")], body()).await;
    assert_eq!(told(&answer), format!("t0k-en== 0.0.0.0 {}", answer.header("x-request-id")));
    assert!(told(&world.query("{ told }").await).starts_with("nobody "));
    for wrong in ["Basic dXNlcg==", "Bearer", "Bearer ", "Bearer a b", "t0k-en"] {
        assert_eq!(world.post(&[("authorization", wrong)], body()).await.code(), "BAD_REQUEST", "{wrong}");
    }
    for (peer, hops, seen) in [
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
    ] {
        let mut request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("x-forwarded-for", hops)
            .body(Body::from(body()))
            .unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        assert!(told(&world.send(request).await).contains(&format!(" {seen} ")), "{peer} {hops}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let world = World::new();
    let missing = world.get("/nowhere").await;
    assert_eq!((missing.status, missing.code().as_str()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
    for answer in
        [missing, world.query("{ ping }").await, world.query("{ panics }").await, world.get("/healthz").await]
    {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(answer.header("x-request-id").len(), 36);
    }
    assert_eq!(world.get("/healthz").await.status, StatusCode::OK);
    assert_eq!(world.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let deleted = world.send(Request::delete("/graphql").body(Body::empty()).unwrap()).await;
    assert_eq!(deleted.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn an_address_that_asks_too_much_is_held_back_alone() {
    let mut settings = settings();
    (settings.limits.rate, settings.limits.burst) = (NonZeroU32::MIN, NonZeroU32::new(2).unwrap());
    let world = World::with(settings);
    let from = async |peer: &str| {
        let mut request = Request::get("/graphql?query=%7Bping%7D").body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        world.send(request).await
    };
    assert_eq!(from("2001:db8::1").await.status, StatusCode::OK);
    assert_eq!(from("2001:db8::2").await.status, StatusCode::OK);
    let third = from("2001:db8::3").await;
    assert_eq!((third.status, third.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED"));
    assert_eq!(third.header("retry-after"), "1");
    assert_eq!(from("2001:db8:0:1::1").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let mut settings = settings();
    settings.limits.request = Duration::from_millis(20);
    let answer = World::with(settings).query("{ slow }").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT"));
}

#[tokio::test]
async fn a_request_leaves_one_line_of_log_without_what_it_said() {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // For the whole process: the other tests' lines arrive here as well, so ours are found by their ids.
    let (world, lines) = (World::new(), Lines::default());
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let body = json!({"query": "query Mine($t: String!) { echo(text: $t) }", "variables": {"t": "angina"}});
    let posted = world.post(&[("authorization", "Bearer s3cret")], body.to_string()).await;
    let got = world.get("/graphql?query=query%20Mine%7Becho(text:%22angina%22)%7D").await;
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for answer in [posted, got] {
        let ours: Vec<_> = log.lines().filter(|line| line.contains(answer.header("x-request-id"))).collect();
        let [line] = ours[..] else { panic!("not one line: {ours:?}") };
        let fields = &serde_json::from_str::<Value>(line).unwrap()["fields"];
        assert_eq!((&fields["route"], &fields["status"]), (&json!("/graphql"), &json!(200)));
        assert!(fields["millis"].is_u64());
    }
    for said in ["angina", "Mine", "s3cret"] {
        assert!(!log.contains(said), "{log}");
    }
}

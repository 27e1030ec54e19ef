//! The server as a client on the network meets it: the real router over the real schema, without a socket.

#![allow(dead_code, reason = "not every test file uses every helper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use futures::FutureExt as _;
use medicrypt::{
    schema::Api,
    server::{Limits, Settings, router},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The front door.
pub(crate) struct Http(Router);

/// What came back, byte for byte.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Http {
    pub(crate) fn of(api: &Api) -> Self {
        let settings = Settings {
            limits: Limits::default(),
            origins: Vec::new(),
            proxies: Vec::new(),
            holds_private_key: crypto::signature::holds_private_key,
            ready: Arc::new(|| async { true }.boxed()),
            routes: Router::new(),
        };
        Self(router(api.clone(), settings))
    }

    pub(crate) async fn ask(&self, token: Option<String>, query: &str, variables: &Value) -> Answer {
        let body = json!({"query": query, "variables": variables}).to_string();
        let request = Request::post("/graphql")
            .header("host", "hospital.test")
            .header("content-type", "application/json");
        let request = match token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        };
        let response = self.0.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The first error's code, or `ok`.
    pub(crate) fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or("ok").to_owned()
    }
}

//! The toy: a schema that counts what reaches it, behind the real router.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_graphql::{
    Context, Data, EmptySubscription, Executor, Object, Request as GraphqlRequest,
    Response as GraphqlResponse, Result, Schema,
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode},
};
use futures::{FutureExt, stream::BoxStream};
use medicrypt::{
    graph::request::{Bearer, ClientAddress, RequestId},
    server::{Limits, Settings, router},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt;

pub type Toy = Schema<Query, Mutation, EmptySubscription>;

pub struct Query;

#[Object]
impl Query {
    async fn ping(&self) -> &str {
        "pong"
    }

    async fn node(&self) -> Node {
        Node
    }

    async fn echo(&self, text: String) -> String {
        text
    }

    async fn double(&self, number: i32) -> i32 {
        number * 2
    }

    async fn fails(&self) -> Result<Option<i32>> {
        Err("SELECT secret FROM patients: disk I/O error".into())
    }

    async fn panics(&self) -> usize {
        let nothing: [usize; 0] = [];
        nothing.iter().position(|_| true).expect("the panic's own text")
    }

    async fn slow(&self, ctx: &Context<'_>) -> &str {
        ctx.data_unchecked::<Arc<Notify>>().notified().await;
        "done"
    }

    /// What the transport said of this request.
    async fn told(&self, ctx: &Context<'_>) -> String {
        let bearer = &ctx.data_unchecked::<Bearer>().0;
        let (address, id) = (ctx.data_unchecked::<ClientAddress>().0, ctx.data_unchecked::<RequestId>().0);
        format!("{} {address} {id}", bearer.as_ref().map_or("nobody", |token| token.expose_secret()))
    }
}

pub struct Node;

#[Object]
impl Node {
    async fn node(&self) -> Node {
        Node
    }

    async fn name(&self) -> &str {
        "n"
    }
}

pub struct Mutation;

#[Object]
impl Mutation {
    async fn change(&self) -> bool {
        true
    }
}

/// Counts what reaches GraphQL at all: no resolver runs without that.
#[derive(Clone)]
pub struct Counting(Toy, Arc<AtomicUsize>);

impl Executor for Counting {
    async fn execute(&self, request: GraphqlRequest) -> GraphqlResponse {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.execute(request).await
    }

    fn execute_stream(&self, _: GraphqlRequest, _: Option<Arc<Data>>) -> BoxStream<'static, GraphqlResponse> {
        panic!("no stream is asked for")
    }
}

pub struct World {
    pub router: Router,
    executed: Arc<AtomicUsize>,
    pub go: Arc<Notify>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or("none").to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub fn settings() -> Settings {
    Settings {
        limits: Limits::default(),
        origins: vec![HeaderValue::from_static("https://app.example")],
        proxies: vec!["10.0.0.1".parse().unwrap()],
        holds_private_key: |text| text.contains("PRIVATE KEY"),
        ready: Arc::new(|| async { false }.boxed()),
        routes: Router::new(),
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(settings())
    }

    pub fn with(settings: Settings) -> Self {
        let (executed, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let schema = Schema::build(Query, Mutation, EmptySubscription)
            .data(Arc::clone(&go))
            .disable_suggestions()
            .finish();
        Self { router: router(Counting(schema, Arc::clone(&executed)), settings), executed, go }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// A POST of `body`; `headers` come on top of the usual ones and replace them.
    pub async fn post(&self, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::post("/graphql").body(body.into()).unwrap();
        let usual = [("host", "hospital.example"), ("content-type", "application/json")];
        for (name, value) in usual.iter().chain(headers) {
            request
                .headers_mut()
                .insert(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        self.send(request).await
    }

    pub async fn query(&self, query: &str) -> Answer {
        self.post(&[], json!({ "query": query }).to_string()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).header("host", "hospital.example").body(Body::empty()).unwrap()).await
    }

    pub fn executed(&self) -> usize {
        self.executed.load(Ordering::SeqCst)
    }

    /// Asserts that `query` is refused with `code` and reaches nothing; returns what was said.
    pub async fn refuses(&self, query: &str, code: &str) -> String {
        let before = self.executed();
        let answer = self.query(query).await;
        assert_eq!(answer.code(), code, "{query:.80}: {}", answer.text);
        assert_eq!(answer.json().get("data"), None);
        assert_eq!(self.executed(), before, "nothing may reach GraphQL");
        answer.json()["errors"][0]["message"].as_str().unwrap().to_owned()
    }
}

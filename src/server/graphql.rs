//! GraphQL over HTTP (graphql.github.io/graphql-over-http, draft): one operation per request, POST with
//! `application/json`, or GET for a query; answers in either media type of the specification.

use std::{collections::BTreeMap, sync::Arc};

use async_graphql::{
    Executor, Request as GraphqlRequest, Response as GraphqlResponse, ServerError, Value, Variables,
    parser::types::OperationType,
};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Query, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{
    Gate, Refusal,
    document::Cost,
    error,
    headers::{bearer, is_foreign_origin},
};
use crate::graph::request::{ClientAddress, RequestId};

/// What the handler works with.
pub(super) struct Endpoint<E> {
    pub(super) executor: E,
    pub(super) gate: Gate,
    pub(super) origins: Vec<HeaderValue>,
}

/// `/graphql`, every method.
pub(super) async fn answer<E: Executor>(
    State(endpoint): State<Arc<Endpoint<E>>>,
    request: Request,
) -> Response {
    let media = match Media::accepted(request.headers()) {
        Ok(media) => media,
        Err(refusal) => return refusal.into_response(),
    };
    match endpoint.execute(request).await {
        Ok(response) => media.write(status_of(&response, media), &response),
        Err(refusal) => refusal.answer(media),
    }
}

impl<E: Executor> Endpoint<E> {
    async fn execute(&self, request: Request) -> Result<GraphqlResponse, Refusal> {
        let (mut parts, body) = request.into_parts();
        if is_foreign_origin(&parts, &self.origins) {
            return Err(Refusal::ForeignOrigin);
        }
        let bearer = bearer(&parts.headers)?;
        let parameters = match parts.method {
            Method::GET => Parameters::from_uri(&parts.uri)?,
            Method::POST => Parameters::from_body(&parts, body).await?,
            _ => return Err(Refusal::MethodNotAllowed),
        };
        let mut request = parameters.into_request().data(bearer);
        let admitted = self.gate.admit(&mut request)?;
        match admitted.kind {
            OperationType::Mutation if parts.method != Method::POST => return Err(Refusal::MethodNotAllowed),
            OperationType::Subscription => return Err(Refusal::BadRequest("subscribe over the websocket")),
            OperationType::Query | OperationType::Mutation => {}
        }
        if let Some(client) = parts.extensions.remove::<ClientAddress>() {
            request.data.insert(client);
        }
        if let Some(id) = parts.extensions.remove::<RequestId>() {
            request.data.insert(id);
        }
        let mut response = self.executor.execute(request).await;
        error::redact(&mut response);
        response.extensions.insert("cost".into(), cost(admitted.cost));
        Ok(response)
    }
}

/// A request's parameters (GraphQL over HTTP, section 4.1). Anything else in it is refused, anything twice
/// too.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    query: String,
    operation_name: Option<String>,
    variables: Option<Variables>,
    /// None is understood; it must be an object all the same.
    #[serde(rename = "extensions")]
    _extensions: Option<Map<String, Json>>,
}

/// The same in a URL, the last two as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UrlParameters {
    query: String,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Parameters {
    async fn from_body(parts: &Parts, body: Body) -> Result<Self, Refusal> {
        const SHAPE: Refusal = Refusal::BadRequest(
            "the body must be a JSON object of `query` and, if needed, `operationName`, `variables`, `extensions`",
        );
        if !is_json(&parts.headers) {
            return Err(Refusal::UnsupportedMediaType);
        }
        let mut request = Request::new(body);
        // The body limit is kept here.
        *request.extensions_mut() = parts.extensions.clone();
        let body = Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::PayloadTooLarge,
            _ => Refusal::BadRequest("the body could not be read"),
        })?;
        if body.trim_ascii_start().starts_with(b"[") {
            return Err(Refusal::BadRequest("batches are not served; send one operation per request"));
        }
        // A serde message may quote what was sent, so it goes nowhere.
        serde_json::from_slice(&body).map_err(|_| SHAPE)
    }

    fn from_uri(uri: &Uri) -> Result<Self, Refusal> {
        const SHAPE: Refusal = Refusal::BadRequest(
            "the URL must have `query` and, if needed, `operationName`, and `variables`, `extensions` as JSON",
        );
        let Query(url) = Query::<UrlParameters>::try_from_uri(uri).map_err(|_| SHAPE)?;
        let variables = url.variables.as_deref().map(serde_json::from_str).transpose().map_err(|_| SHAPE)?;
        let extensions =
            url.extensions.as_deref().map(serde_json::from_str).transpose().map_err(|_| SHAPE)?;
        Ok(Self { query: url.query, operation_name: url.operation_name, variables, _extensions: extensions })
    }

    fn into_request(self) -> GraphqlRequest {
        let request = GraphqlRequest::new(self.query).variables(self.variables.unwrap_or_default());
        match self.operation_name {
            Some(name) => request.operation_name(name),
            None => request,
        }
    }
}

/// `application/json` in UTF-8, as it is: what no form and no plain link of another page can send.
fn is_json(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let mut parts = line.to_str().unwrap_or_default().split(';').map(str::trim);
    parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
        })
        && !headers.contains_key(header::CONTENT_ENCODING)
}

/// The two media types of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`: a well-formed request is answered 200 whatever came of it.
    Json,
    /// `application/graphql-response+json`: a request error is a 400.
    Graphql,
}

impl Media {
    /// What the client would rather have. The newer type goes only to those who name it; a client that says
    /// nothing, or `*/*`, gets what every client reads.
    fn accepted(headers: &HeaderMap) -> Result<Self, Refusal> {
        if !headers.contains_key(header::ACCEPT) {
            return Ok(Self::Json);
        }
        let (mut json, mut graphql, mut any) = (None, None, None);
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
        for range in lines.flat_map(|line| line.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let named = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "application/json" => &mut json,
                "application/graphql-response+json" => &mut graphql,
                "application/*" | "*/*" => &mut any,
                _ => continue,
            };
            let quality =
                parts.find_map(|parameter| parameter.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            *named = Some(named.map_or(quality, |known: f32| known.max(quality)));
        }
        let wanted = |named: Option<f32>| named.or(any).unwrap_or(0.0);
        let (json, newer) = (wanted(json), wanted(graphql));
        match (json > 0.0, newer > 0.0) {
            (_, true) if graphql.is_some() && newer >= json => Ok(Self::Graphql),
            (true, _) => Ok(Self::Json),
            (false, true) => Ok(Self::Graphql),
            (false, false) => Err(Refusal::NotAcceptable),
        }
    }

    /// The status of a request that was read well and refused by GraphQL (sections 6.4.1 and 6.4.2).
    pub(super) fn request_error(self) -> StatusCode {
        match self {
            Self::Json => StatusCode::OK,
            Self::Graphql => StatusCode::BAD_REQUEST,
        }
    }

    /// Writes `response` in this media type. A request error has no `data` at all (GraphQL, section 7.1).
    pub(super) fn write(self, status: StatusCode, response: &GraphqlResponse) -> Response {
        #[derive(Serialize)]
        struct Entries<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            data: Option<&'a Value>,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            errors: &'a [ServerError],
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            extensions: &'a BTreeMap<String, Value>,
        }
        let entries = Entries {
            data: (!is_request_error(response)).then_some(&response.data),
            errors: &response.errors,
            extensions: &response.extensions,
        };
        let kind = match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Graphql => "application/graphql-response+json; charset=utf-8",
        };
        match serde_json::to_vec(&entries) {
            Ok(body) => (status, [(header::CONTENT_TYPE, kind)], body).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

fn status_of(response: &GraphqlResponse, media: Media) -> StatusCode {
    if is_request_error(response) { media.request_error() } else { StatusCode::OK }
}

/// Errors from before execution have no path, and leave no data.
fn is_request_error(response: &GraphqlResponse) -> bool {
    response.is_err()
        && response.data == Value::Null
        && response.errors.iter().all(|error| error.path.is_empty())
}

fn cost(cost: Cost) -> Value {
    async_graphql::value!({ "fields": cost.fields, "depth": cost.depth, "aliases": cost.aliases })
}

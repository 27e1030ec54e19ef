//! Refusals of the transport, as GraphQL errors, and the last look at everybody else's errors.

use std::any::Any;

use async_graphql::{ErrorExtensionValues, Pos, Response as GraphqlResponse, ServerError};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use thiserror::Error;

use super::graphql::Media;

/// Why the transport does not pass a request on. No variant carries anything that the caller sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Not GraphQL over HTTP.
    #[error("{0}")]
    BadRequest(&'static str),
    /// `query` does not parse.
    #[error("`query` is not a GraphQL document")]
    Syntax(Vec<Pos>),
    /// `operationName` names nothing, or is missing where it is needed.
    #[error("`operationName` must name one operation of the document")]
    UnknownOperation,
    /// A variable that the operation requires was not given.
    #[error("a variable that the operation requires is missing or null")]
    MissingVariable(Pos),
    /// A limit of [`super::DocumentLimits`] is passed.
    #[error("the document has more than {limit} {what}; ask for less at once")]
    DocumentTooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: u64,
    },
    /// A fragment spreads itself.
    #[error("a fragment of the document spreads itself")]
    FragmentCycle,
    /// An argument holds a private key.
    #[error(
        "an argument holds a private key; keep it on your own device and send the public key or a signature"
    )]
    PrivateKey,
    /// A page of another origin asked.
    #[error("pages of this origin may not call this server")]
    ForeignOrigin,
    /// Neither media type of GraphQL over HTTP is accepted.
    #[error("accept `application/graphql-response+json` or `application/json`")]
    NotAcceptable,
    /// Not plain `application/json` in UTF-8.
    #[error("send the request as `application/json` in utf-8, not compressed")]
    UnsupportedMediaType,
    /// More than [`super::Limits::body_bytes`].
    #[error("the request body is too large")]
    PayloadTooLarge,
    /// Another method than the resource has, or a mutation by GET.
    #[error("use POST; GET is for queries only")]
    MethodNotAllowed,
    /// No such resource.
    #[error("there is nothing here; the API is at `/graphql`")]
    NotFound,
    /// One address asked too much.
    #[error("too many requests from this address; try again in {seconds} s")]
    RateLimited {
        /// When the next request will be taken.
        seconds: u64,
    },
    /// Longer than [`super::Limits::request`].
    #[error(
        "the request took too long; to see whether it changed anything, repeat it with its idempotency key"
    )]
    Timeout,
    /// A fault of ours.
    #[error("something went wrong on our side; name the `x-request-id` when you report it")]
    Internal,
}

impl Refusal {
    /// The value of `extensions.code`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "BAD_REQUEST",
            Self::Syntax(_) => "GRAPHQL_PARSE_FAILED",
            Self::UnknownOperation => "UNKNOWN_OPERATION",
            Self::MissingVariable(_) => "BAD_USER_INPUT",
            Self::DocumentTooLarge { .. } => "DOCUMENT_TOO_LARGE",
            Self::FragmentCycle => "FRAGMENT_CYCLE",
            Self::PrivateKey => "PRIVATE_KEY_REFUSED",
            Self::ForeignOrigin => "FOREIGN_ORIGIN",
            Self::NotAcceptable => "NOT_ACCEPTABLE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::NotFound => "NOT_FOUND",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::Timeout => "TIMEOUT",
            Self::Internal => "INTERNAL",
        }
    }

    /// The HTTP status. Under `application/json` a request that reached GraphQL is always 200, so that old
    /// clients read its errors (GraphQL over HTTP, section 6.4.1).
    fn status(&self, media: Media) -> StatusCode {
        match self {
            Self::Syntax(_) | Self::UnknownOperation | Self::MissingVariable(_) => media.request_error(),
            Self::BadRequest(_) | Self::DocumentTooLarge { .. } | Self::FragmentCycle | Self::PrivateKey => {
                StatusCode::BAD_REQUEST
            }
            Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The refusal as an answer in `media`.
    pub(super) fn answer(self, media: Media) -> Response {
        let status = self.status(media);
        let extra = match &self {
            Self::MethodNotAllowed => Some((header::ALLOW, HeaderValue::from_static("GET, POST"))),
            Self::RateLimited { seconds } => Some((header::RETRY_AFTER, HeaderValue::from(*seconds))),
            _ => None,
        };
        let mut answer = media.write(status, &GraphqlResponse::from_errors(vec![self.into()]));
        answer.headers_mut().extend(extra);
        answer
    }
}

impl From<Refusal> for ServerError {
    fn from(refusal: Refusal) -> Self {
        let mut error = Self::new(refusal.to_string(), None);
        set_code(&mut error, refusal.code());
        match refusal {
            Refusal::Syntax(positions) => error.locations = positions,
            Refusal::MissingVariable(position) => error.locations = vec![position],
            _ => {}
        }
        error
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.answer(Media::Json)
    }
}

/// Replaces every error that does not carry a public code, whatever it says: its text was written for us.
///
/// async-graphql's own errors carry none either. Two kinds are the caller's to read and get one: a document
/// that does not fit the schema (it has places in the document and no path), and an argument that a scalar
/// could not read.
pub fn redact(response: &mut GraphqlResponse) {
    for error in &mut response.errors {
        error.source = None;
        if error.extensions.as_ref().is_some_and(|values| values.get("code").is_some()) {
            continue;
        }
        if error.path.is_empty() && !error.locations.is_empty() {
            forget_value(&mut error.message);
            set_code(error, "GRAPHQL_VALIDATION_FAILED");
        } else if error.message.starts_with("Failed to parse \"") {
            forget_value(&mut error.message);
            set_code(error, "BAD_USER_INPUT");
        } else {
            tracing::error!(path = ?error.path, "an error without a public code was withheld");
            error.message = Refusal::Internal.to_string();
            error.extensions = None;
            set_code(error, Refusal::Internal.code());
        }
    }
}

/// Takes out of async-graphql's text the value that was sent: it may be a diagnosis in the wrong place, and errors get
/// into other people's logs.
fn forget_value(message: &mut String) {
    for before_value in [" the value \"", " value \"", ", found "] {
        if let Some(at) = message.find(before_value) {
            message.truncate(at);
            message.push_str(if before_value == ", found " { "" } else { " this value" });
        }
    }
}

/// What a caller sees of a panic: nothing of it.
pub(super) fn after_panic(_text: Box<dyn Any + Send + 'static>) -> Response {
    Refusal::Internal.into_response()
}

fn set_code(error: &mut ServerError, code: &'static str) {
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", code);
}

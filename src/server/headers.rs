//! What is read from request headers besides the body's, and what every answer carries.

use std::time::Duration;

use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, request::Parts, uri::Authority},
};
use secrecy::SecretString;
use tower_http::{
    cors::{AllowOrigin, CorsLayer},
    set_header::SetResponseHeaderLayer,
};
use uuid::Uuid;

use super::Refusal;
use crate::graph::request::Bearer;

/// The header that carries the request's id back.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer than any token of ours; what is longer is not looked up.
const TOKEN_BYTES: usize = 1_024;

/// Sent with every answer that does not say otherwise itself (as the playground does).
const SECURE: [(HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds the security headers to every answer of `router`.
pub(super) fn secure(router: Router) -> Router {
    SECURE.into_iter().fold(router, |router, (name, value)| {
        router.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value)))
    })
}

/// Adds what browsers may be told once we are reached by TLS: never to come without it again, for two years.
pub(super) fn secure_transport(router: Router) -> Router {
    let value = HeaderValue::from_static("max-age=63072000");
    router.layer(SetResponseHeaderLayer::if_not_present(header::STRICT_TRANSPORT_SECURITY, value))
}

/// Tells browsers that pages of `origins` may call us.
pub(super) fn cors(origins: Vec<HeaderValue>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| origins.contains(origin)))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::ACCEPT, header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([REQUEST_ID, header::RETRY_AFTER])
        .max_age(Duration::from_mins(10))
}

/// The id as a header value.
pub(super) fn request_id(id: Uuid) -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)).unwrap_or(HeaderValue::from_static("none"))
}

/// The bearer token of RFC 6750 section 2.1. No header is nobody; a header that is something else is refused
/// rather than taken for nobody.
///
/// # Errors
///
/// [`Refusal::BadRequest`] for two headers, another scheme, or what can't be a token.
pub fn bearer(headers: &HeaderMap) -> Result<Bearer, Refusal> {
    const REFUSED: Refusal =
        Refusal::BadRequest("send one `authorization` header of the form `Bearer TOKEN`");
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let (line, None) = (lines.next(), lines.next()) else { return Err(REFUSED) };
    let Some(line) = line else { return Ok(Bearer(None)) };
    let text = line.to_str().map_err(|_| REFUSED)?;
    let (scheme, token) = text.split_once(' ').ok_or(REFUSED)?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if !scheme.eq_ignore_ascii_case("bearer")
        || token.is_empty()
        || token.len() > TOKEN_BYTES
        || !token.bytes().all(is_token)
    {
        return Err(REFUSED);
    }
    Ok(Bearer(Some(SecretString::from(token))))
}

/// Whether a browser says that a page of another origin asks: one that is neither ours (the host that was
/// asked) nor in `origins`. A client that is no browser sends no `origin` and is not foreign.
#[must_use]
pub fn is_foreign_origin(request: &Parts, origins: &[HeaderValue]) -> bool {
    let mut said = request.headers.get_all(header::ORIGIN).iter();
    let Some(origin) = said.next() else { return false };
    let listed = origins.contains(origin) || is_own(origin, request);
    !listed || said.next().is_some()
}

fn is_own(origin: &HeaderValue, request: &Parts) -> bool {
    let host = request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or(request.uri.authority().map(Authority::as_str));
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    match (host, origin) {
        (Some(host), Some(origin)) => {
            matches!(origin.scheme_str(), Some("http" | "https"))
                && origin.authority().is_some_and(|authority| authority.as_str().eq_ignore_ascii_case(host))
        }
        _ => false,
    }
}

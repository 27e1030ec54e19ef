//! The HTTP transport: GraphQL over HTTP and what keeps it standing. It knows HTTP and no medicine.
//!
//! It may touch `graph::request` (what a transport says about a request) and nothing else of the product: the
//! schema comes in as an [`Executor`], everything else as [`Settings`]. It decides nothing about who may see
//! what.
//!
//! A request's way: `observe` names it, times it and writes its log line; [`headers`] adds what every
//! answer carries; `rate` holds back an address that asks too much; `graphql` reads it; [`gate`] judges
//! the document before any resolver; the executor answers; [`error`] takes out what nobody outside should
//! read.
//!
//! To add another transport (websocket, server-sent events): give its routes in [`Settings::routes`], refuse
//! a [`headers::is_foreign_origin`], let [`Gate::admit`] see each operation, and pass each response through
//! [`error::redact`].

pub mod document;
pub mod error;
pub mod gate;
mod graphql;
pub mod headers;
mod health;
mod observe;
mod rate;
mod secrets;
pub mod serve;
pub mod tls;
mod tokens;

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use async_graphql::Executor;
use axum::{Router, extract::DefaultBodyLimit, http::HeaderValue, middleware, routing};
use tower_http::catch_panic::CatchPanicLayer;

pub use self::{document::DocumentLimits, error::Refusal, gate::Gate, health::Ready, serve::serve};
use self::{graphql::Endpoint, observe::Observer, rate::PerAddress};

/// How much one caller may ask for. The defaults are those of the design.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How large a document may be, see there.
    pub document: DocumentLimits,
    /// Largest request body, in bytes.
    pub body_bytes: usize,
    /// How long a client may take for a TLS handshake, for the headers of a request, and between two
    /// requests.
    pub header_read: Duration,
    /// How long a request may take from its headers to the head of its answer.
    pub request: Duration,
    /// How long running requests may go on after a stop was asked for.
    pub drain: Duration,
    /// Open connections; the next one waits. One that became a websocket no longer counts.
    pub connections: u16,
    /// Requests a second that one address (IPv6: one /64) may keep up.
    pub rate: NonZeroU32,
    /// Requests that one address may send at once before `rate` holds.
    pub burst: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document: DocumentLimits::default(),
            body_bytes: 256 * 1024,
            header_read: Duration::from_secs(10),
            request: Duration::from_secs(30),
            drain: Duration::from_secs(20),
            connections: 4_096,
            // A ward behind one address: fifty people working fast.
            rate: const { NonZeroU32::new(100).unwrap() },
            burst: const { NonZeroU32::new(400).unwrap() },
        }
    }
}

/// What the transport has to be told, by whoever builds the server.
pub struct Settings {
    /// How much one caller may ask for.
    pub limits: Limits,
    /// Web origins besides our own whose pages may call us, as a browser writes them: `https://app.example`.
    pub origins: Vec<HeaderValue>,
    /// Reverse proxies whose `x-forwarded-for` is believed; nobody else's is.
    pub proxies: Vec<IpAddr>,
    /// Whether a text holds a private key. Such an argument is refused, and never logged or echoed.
    pub holds_private_key: fn(&str) -> bool,
    /// Whether the server can serve, for `/readyz`.
    pub ready: Ready,
    /// Other rooms' routes (websocket, playground), served under the same limits and headers; no fallback of
    /// theirs.
    pub routes: Router,
}

/// `/graphql`, `/healthz`, `/readyz` and `settings.routes`, with every limit but those of the socket, which
/// are [`serve()`]'s.
pub fn router<E: Executor>(executor: E, settings: Settings) -> Router {
    let limits = settings.limits;
    let gate = Gate { limits: limits.document, holds_private_key: settings.holds_private_key };
    let cors = headers::cors(settings.origins.clone());
    let endpoint = Arc::new(Endpoint { executor, gate, origins: settings.origins });
    let per_address = Arc::new(PerAddress::new(limits.rate, limits.burst));
    let observer = Arc::new(Observer { proxies: settings.proxies, patience: limits.request });

    let router = Router::new()
        .route("/graphql", routing::any(graphql::answer::<E>).with_state(endpoint))
        .merge(settings.routes)
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .layer(middleware::from_fn_with_state(per_address, rate::hold_back))
        .layer(cors)
        .merge(health::routes(settings.ready))
        .fallback(async || Refusal::NotFound)
        .layer(CatchPanicLayer::custom(error::after_panic));
    headers::secure(router).layer(middleware::from_fn_with_state(observer, observe::observe))
}

//! `/healthz`: the process runs. `/readyz`: it can serve. Neither tells anything else, and no rate limit
//! holds them.

use std::sync::Arc;

use axum::{Router, http::StatusCode, routing::get};
use futures::future::BoxFuture;

/// Asks whether the server can serve: its database answers, its clock is trusted.
pub type Ready = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

pub(super) fn routes(ready: Ready) -> Router {
    Router::new().route("/healthz", get(async || "ok\n")).route(
        "/readyz",
        get(async move || {
            if ready().await {
                (StatusCode::OK, "ready\n")
            } else {
                (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
            }
        }),
    )
}

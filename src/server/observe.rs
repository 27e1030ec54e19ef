//! Names each request, holds it to its time, and writes its one line of log.
//!
//! The line holds no query text, variable, token, address or path as sent: only the route that answered.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{Refusal, headers};
use crate::graph::request::{ClientAddress, RequestId};

pub(super) struct Observer {
    pub(super) proxies: Vec<IpAddr>,
    pub(super) patience: Duration,
}

/// The outermost layer.
pub(super) async fn observe(
    State(observer): State<Arc<Observer>>,
    mut request: Request,
    next: Next,
) -> Response {
    let (id, start) = (Uuid::new_v4(), Instant::now());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let client = observer.client(&request);
    request.extensions_mut().insert(RequestId(id));
    request.extensions_mut().insert(ClientAddress(client));

    let mut response = match timeout(observer.patience, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::Timeout.into_response(),
    };
    response.headers_mut().insert(headers::REQUEST_ID, headers::request_id(id));
    tracing::info!(
        request_id = %id,
        %method,
        route = route.as_ref().map_or("none", MatchedPath::as_str),
        status = response.status().as_u16(),
        millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    response
}

impl Observer {
    /// The peer, or whom a trusted proxy names; `0.0.0.0` when there is no socket, as in a test.
    fn client(&self, request: &Request) -> IpAddr {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip().to_canonical());
        if self.proxies.contains(&peer) { self.forwarded(request.headers()).unwrap_or(peer) } else { peer }
    }

    /// The last address that is not a proxy of ours: all before it is hearsay.
    fn forwarded(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        let hops = hops.into_iter().rev().map_while(|hop| hop.trim().parse::<IpAddr>().ok());
        hops.map(|hop| hop.to_canonical()).find(|hop| !self.proxies.contains(hop))
    }
}

//! Holds back an address that asks too much. Generous: it is there for floods, not for people.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use super::Refusal;
use crate::graph::request::ClientAddress;

/// Addresses that have been quiet long enough are forgotten after this many requests, so the table stays as
/// small as the recent past.
const SWEEP: u64 = 1_024;

pub(super) struct PerAddress {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    seen: AtomicU64,
}

impl PerAddress {
    pub(super) fn new(rate: NonZeroU32, burst: NonZeroU32) -> Self {
        Self {
            limiter: RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst)),
            seen: AtomicU64::new(0),
        }
    }

    fn admit(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.seen.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&household(address)).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Refusal::RateLimited { seconds: wait.as_secs() + 1 }
        })
    }
}

/// The layer. It stands inside [`super::observe`], which knows the address.
pub(super) async fn hold_back(
    State(rates): State<Arc<PerAddress>>,
    request: Request,
    next: Next,
) -> Response {
    let refused = request.extensions().get::<ClientAddress>().and_then(|client| rates.admit(client.0).err());
    match refused {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    }
}

/// One IPv6 customer has a whole /64 to send from.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
    }
}

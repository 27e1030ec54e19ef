//! What a transport says about a request, put into its GraphQL data.
//!
//! A transport fills these in and judges nothing: who the bearer is, and whether the token still holds, is
//! decided further down. No HTTP here, so a websocket or a test can make them as well.

use std::net::IpAddr;

use secrecy::SecretString;
use uuid::Uuid;

/// The bearer token as sent, unchecked; `None` when the caller sent none.
pub struct Bearer(pub Option<SecretString>);

/// The caller's address, as far as the transport can know it. IPv4 is never written as mapped IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// One request, made by the server (never taken from the caller); also sent back as `x-request-id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

//! The HTTP transport against what clients, honest or not, send it. The schema is a toy, with nothing medical.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(
    unreachable_pub,
    clippy::format_collect,
    clippy::unused_async,
    reason = "tests; resolvers are async"
)]

mod confidentiality;
mod document;
mod protocol;
mod socket;
mod toy;

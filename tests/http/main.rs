//! The HTTP transport against what clients, honest or not, send it. The schema is a toy: nothing medical is needed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(unreachable_pub, reason = "one test binary")]

mod confidentiality;
mod document;
mod protocol;
mod socket;
mod toy;

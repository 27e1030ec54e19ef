//! What every role's GraphQL is made of: guards, directives, public errors, pages, idempotency. No role's verbs, no HTTP.

pub mod can;
pub mod error;
pub mod idempotency;
pub mod nouns;
pub mod page;
pub mod request;
pub mod session;

pub use can::Can;
pub use error::{Answer, ErrorCode, Refused};
pub use page::{Cursor, Page};
pub use session::{actor, world};

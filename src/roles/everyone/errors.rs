//! The catalogue of error codes.

use async_graphql::{Object, SimpleObject};

use crate::graph::{ErrorCode, can::public, error::Retry};

/// One code that `extensions.code` of an error can have.
#[derive(SimpleObject)]
pub struct ErrorCase {
    /// The code.
    code: ErrorCode,
    /// What it means.
    meaning: &'static str,
    /// Whether and when to try again.
    retry: Retry,
}

/// The query.
#[derive(Default)]
pub(super) struct Errors;

#[Object]
impl Errors {
    /// Every error code, what it means, and whether trying again helps.
    #[graphql(directive = public::apply())]
    async fn error_catalogue(&self) -> Vec<ErrorCase> {
        let case =
            |&code: &ErrorCode| ErrorCase { code, meaning: code.meaning().trim(), retry: code.retry() };
        ErrorCode::ALL.iter().map(case).collect()
    }
}

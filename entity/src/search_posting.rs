//! The encrypted search index, keyed by the token alone, so that the file keeps no order of arrival.

use sea_orm::entity::prelude::*;

use crate::{Sealed, marker::SearchPosting};

/// One posting, real or padding.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_posting")]
pub struct Model {
    /// HMAC of (HMAC of the word, i); no two rows share one, so frequencies don't show.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token: Vec<u8>,
    /// The record found, under a system key.
    pub record: Sealed<SearchPosting>,
}

without_relations!();

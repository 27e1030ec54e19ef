//! State per search word; locked in the order of `word_tag`.

use sea_orm::entity::prelude::*;

use crate::{Sealed, marker::SearchWordState};

/// One word's state.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_word")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// HMAC of the field and the normalized word; unique.
    pub word_tag: Vec<u8>,
    /// How many postings the word has, under a system key.
    pub state: Sealed<SearchWordState>,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

//! What policies ask about an account: department, hospital, pharmacy, specialty.

use sea_orm::entity::prelude::*;

use crate::{Sealed, marker::AttributeValue};

/// One attribute of one account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_attribute")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The [`account`](crate::account) it belongs to.
    pub account_id: Uuid,
    /// The attribute's name, as a policy writes it.
    pub key: String,
    /// Its value, under a system key.
    pub value: Sealed<AttributeValue>,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

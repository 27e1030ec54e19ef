//! Who treats whom: a doctor opens only patients they have a relation with.

use sea_orm::entity::prelude::*;

/// One relation of one account with one patient.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "care_relation")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The [`patient`](crate::patient) cared for.
    pub patient_id: Uuid,
    /// The [`account`](crate::account) that cares.
    pub account_id: Uuid,
    /// How they are related; one row per patient, account and kind.
    pub kind: String,
    /// When it began, in milliseconds UTC.
    pub since_ms: i64,
    /// When it ended, in milliseconds UTC; none while it lasts.
    pub until_ms: Option<i64>,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

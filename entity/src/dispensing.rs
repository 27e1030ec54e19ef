//! Hand-overs of medicine, each signed by its pharmacist.

use sea_orm::entity::prelude::*;

use crate::{Sealed, marker::DispensingBody};

/// One hand-over.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dispensing")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The [`prescription`](crate::prescription) dispensed from.
    pub prescription_id: Uuid,
    /// The pharmacist's [`account`](crate::account).
    pub pharmacist_id: Uuid,
    /// Quantity, signed text and signature, under the patient's key.
    pub body: Sealed<DispensingBody>,
    /// HMAC of the signed text; unique, so no hand-over counts twice.
    pub text_tag: Vec<u8>,
    /// When the row was made, in milliseconds UTC.
    pub created_ms: i64,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

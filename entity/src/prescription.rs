//! Prescriptions, from draft to dispensed.

use sea_orm::entity::prelude::*;

use crate::{
    Sealed,
    marker::{PrescriptionBody, PrescriptionHeader, PrescriptionProgress},
};

/// One prescription.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "prescription")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The [`patient`](crate::patient) it is about.
    pub patient_id: Uuid,
    /// The doctor's [`account`](crate::account).
    pub prescriber_id: Uuid,
    /// Where it is on its way; expiry is judged by `expires_ms`.
    pub status: PrescriptionStatus,
    /// Policy and patient, under a system key: opened for deciding, before the body.
    pub header: Sealed<PrescriptionHeader>,
    /// Drug, quantity, signed text and signature, under the patient's key.
    pub body: Sealed<PrescriptionBody>,
    /// How much is dispensed, under the patient's key.
    pub progress: Sealed<PrescriptionProgress>,
    /// HMAC of the signed text; unique, so no text is issued twice. None for drafts and history.
    pub text_tag: Option<Vec<u8>>,
    /// When the row was made, in milliseconds UTC.
    pub created_ms: i64,
    /// When it (or its draft) ends, in milliseconds UTC.
    pub expires_ms: i64,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

/// Where a prescription is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PrescriptionStatus {
    /// Ids and nonce given out; waits for the doctor's signature.
    Draft,
    /// Signed; nothing dispensed yet.
    Issued,
    /// Some is dispensed, some is left.
    PartlyDispensed,
    /// Nothing is left.
    Dispensed,
    /// Withdrawn, by a signed text.
    Cancelled,
    /// Imported without a signature; never dispensed as it is.
    Historical,
}

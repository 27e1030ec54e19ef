//! Measured values: sealed for reading, and Paillier-encrypted for summing.

use sea_orm::entity::prelude::*;

use crate::{Sealed, marker::VitalValue, medical_record::RecordStatus};

/// One measurement.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "vital")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The [`patient`](crate::patient) it is about.
    pub patient_id: Uuid,
    /// The [`medical_record`](crate::medical_record) it was taken for.
    pub record_id: Option<Uuid>,
    /// What was measured, by the metric's code.
    pub metric: String,
    /// When it was measured, in milliseconds UTC.
    pub effective_ms: i64,
    /// When it was recorded, in milliseconds UTC.
    pub recorded_ms: i64,
    /// The statistics epoch it counts in.
    pub epoch: i64,
    /// The value, under the patient's key.
    pub value: Sealed<VitalValue>,
    /// The value's Paillier ciphertext, packed by `layout`.
    pub ciphertext: Vec<u8>,
    /// Which slot layout `ciphertext` is packed by.
    pub layout: i32,
    /// SHA-256 of the Paillier public key `ciphertext` is under.
    pub key_fingerprint: Vec<u8>,
    /// Whether it is the version to read and to count.
    pub status: RecordStatus,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

//! Visits, diagnoses and notes. A correction is a new row; the old one stays readable to those allowed.

use sea_orm::entity::prelude::*;

use crate::{
    Sealed,
    marker::{RecordBody, RecordHeader},
};

/// One version of one record.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "medical_record")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The [`patient`](crate::patient) it is about.
    pub patient_id: Uuid,
    /// The visit it was written at, shared by the records of that visit; not a foreign key.
    pub encounter_id: Option<Uuid>,
    /// The account that wrote it; none if the author is not known here.
    pub author_id: Option<Uuid>,
    /// Policy, category and patient, under a system key: opened for deciding, before the body.
    pub header: Sealed<RecordHeader>,
    /// The clinical content, under the patient's key.
    pub body: Sealed<RecordBody>,
    /// When it was recorded, in milliseconds UTC.
    pub recorded_ms: i64,
    /// Whether it is the version to read.
    pub status: RecordStatus,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

/// Whether a record or vital is the version to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecordStatus {
    /// The version to read.
    Current,
    /// A newer version replaces it.
    Amended,
    /// Should never have been written; kept, and counted nowhere.
    EnteredInError,
}

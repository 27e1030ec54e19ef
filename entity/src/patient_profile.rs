//! Ties the account of a patient who can log in to the patient that records are about.

use sea_orm::entity::prelude::*;

use crate::{Sealed, marker::PatientDetails};

/// One patient with an account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patient_profile")]
pub struct Model {
    /// The account's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The [`patient`](crate::patient) this account is; unique.
    pub patient_id: Uuid,
    /// The profile, under the patient's key.
    pub details: Sealed<PatientDetails>,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

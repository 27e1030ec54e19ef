//! The hash chain of everything that happened; rows are only ever appended, by `ledger::append`.

use sea_orm::entity::prelude::*;

use crate::{
    Sealed,
    marker::{LedgerActor, LedgerDetails},
};

/// One leaf.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger")]
pub struct Model {
    /// The leaf's place, from 0 without gaps; the order of events is this, not the clock.
    #[sea_orm(primary_key, auto_increment = false)]
    pub idx: i64,
    /// Which encoding `hash` is over.
    pub leaf_version: i32,
    /// The node's clock, in milliseconds UTC.
    pub time_ms: i64,
    /// The [`installation`](crate::installation) that wrote it.
    pub installation: Uuid,
    /// Who did it, under a system key.
    pub actor: Sealed<LedgerActor>,
    /// The actor's role; none before login.
    pub role: Option<String>,
    /// What was done or asked for.
    pub action: String,
    /// HMAC that finds a patient's entries in order, by the patient's log key; unique; none if about no
    /// patient.
    pub subject_tag: Option<Vec<u8>>,
    /// Why, from the purposes of use.
    pub purpose: String,
    /// Whether access rules were overridden in an emergency.
    pub break_glass: bool,
    /// Granted, denied, done, failed.
    pub outcome: String,
    /// HMAC over the protected rows this leaf covers; none if it changed none.
    pub row_tag: Option<Vec<u8>>,
    /// Record ids, purpose text and the like, under a system key.
    pub details: Sealed<LedgerDetails>,
    /// `hash` of the leaf before; unique, so a fork can't be stored.
    pub prev_hash: Vec<u8>,
    /// SHA-256 of the leaf (RFC 6962 2.1), over every column but `hash` and `mac`; unique.
    pub hash: Vec<u8>,
    /// HMAC of `hash` under the ledger key, which a database administrator lacks.
    pub mac: Vec<u8>,
}

without_relations!();

//! Noisy answers, given once and repeated for the same question.

use sea_orm::entity::prelude::*;

use crate::{
    Sealed,
    marker::{ReleaseAnswer, ReleaseParameters},
};

/// One question of one epoch, and its answer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// HMAC of the canonical question and its epoch; unique, so one question is never answered twice.
    pub question_tag: Vec<u8>,
    /// The statistics epoch asked about.
    pub epoch: i64,
    /// Whether the answer is there.
    pub status: ReleaseStatus,
    /// The account that asked first.
    pub analyst_id: Uuid,
    /// What it cost, in thousandths of epsilon.
    pub epsilon_milli: i64,
    /// The question, under a system key.
    pub parameters: Sealed<ReleaseParameters>,
    /// The noisy answer, under a system key; none while pending.
    pub answer: Option<Sealed<ReleaseAnswer>>,
    /// When the row was made, in milliseconds UTC.
    pub created_ms: i64,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

/// Whether a release has its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReleaseStatus {
    /// The budget is spent, the answer is being made.
    Pending,
    /// Answered; repeats give the same.
    Done,
}

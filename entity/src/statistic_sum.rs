//! Running encrypted sums per label and epoch; nothing in a row tells the label.

use sea_orm::entity::prelude::*;

use crate::{Sealed, marker::StatisticSum};

/// One sum.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "statistic_sum")]
pub struct Model {
    /// Random (v4): it tells nothing of when the row was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// HMAC of the label and its epoch; unique.
    pub label_tag: Vec<u8>,
    /// The statistics epoch it sums.
    pub epoch: i64,
    /// The Paillier ciphertext of the sum, sealed again under a system key.
    pub value: Sealed<StatisticSum>,
    /// Counts the row's versions, from 1; each change is one more and has its own ledger leaf.
    pub version: i64,
    /// 32-byte row MAC over the table's name and [`Protected::content`](crate::Protected::content), checked
    /// on load.
    pub tag: Vec<u8>,
}

without_relations!();

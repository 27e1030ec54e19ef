//! Closing an epoch of statistics.

use async_graphql::{Context, Object, SimpleObject};

use super::authorize;
use crate::graph::{Answer, Can, can::can};

crate::action! {
    /// Closes the open epoch.
    CloseStatisticsEpoch = "CLOSE_EPOCH" for "HOPERAT" by Admin else Forbidden
}

/// An epoch that statistics answer on.
#[derive(SimpleObject)]
pub struct ClosedEpoch {
    /// Its number, from 1.
    number: i64,
}

/// The mutation.
#[derive(Default)]
pub(super) struct CloseEpoch;

#[Object]
impl CloseEpoch {
    /// Closes the open epoch: its vitals enter the encrypted sums, and statistics answer on it from now on.
    #[graphql(guard = "Can::<CloseStatisticsEpoch>::new()", directive = can::apply("CLOSE_EPOCH".to_owned()))]
    async fn close_epoch(&self, ctx: &Context<'_>) -> Answer<ClosedEpoch> {
        let (world, actor, _) = authorize::<CloseStatisticsEpoch>(ctx).await?;
        Ok(ClosedEpoch { number: world.statistics.close_epoch(actor.by()).await? })
    }
}

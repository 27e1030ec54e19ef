//! The medicine catalogue.

use async_graphql::{Context, Object};

use crate::graph::{
    Answer,
    can::{LoggedIn, can},
    nouns::Medicine,
    world,
};

/// The query.
#[derive(Default)]
pub(super) struct Medicines;

#[Object]
impl Medicines {
    /// Every medicine that can be prescribed, by name.
    #[graphql(guard = "LoggedIn", directive = can::apply("LOGGED_IN".to_owned()))]
    async fn medicines(&self, ctx: &Context<'_>) -> Answer<Vec<Medicine>> {
        Ok(world(ctx)?.clinic.medicines().await?.iter().map(Medicine::from).collect())
    }
}

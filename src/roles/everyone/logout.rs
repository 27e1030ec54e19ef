//! Getting out.

use async_graphql::{Context, Object};

use crate::graph::{
    Answer,
    can::{LoggedIn, can},
    session, world,
};

/// The mutations.
#[derive(Default)]
pub(super) struct Logout;

#[Object]
impl Logout {
    /// Ends this session.
    #[graphql(guard = "LoggedIn", directive = can::apply("LOGGED_IN".to_owned()))]
    async fn logout(&self, ctx: &Context<'_>) -> Answer<bool> {
        world(ctx)?.identity.logout(session::actor(ctx)?).await?;
        Ok(true)
    }

    /// Ends every session of yours.
    #[graphql(guard = "LoggedIn", directive = can::apply("LOGGED_IN".to_owned()))]
    async fn logout_everywhere(&self, ctx: &Context<'_>) -> Answer<bool> {
        world(ctx)?.identity.logout_everywhere(session::actor(ctx)?).await?;
        Ok(true)
    }
}

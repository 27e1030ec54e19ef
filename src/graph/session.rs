//! Who is asking: found once per request, before any resolver.

use std::sync::Arc;

use async_graphql::{
    Context, Request, ServerResult,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest},
};

use super::{Answer, Refused, request::Bearer};
use crate::{identity::Actor, world::World};

/// The actor of this request, if there is one; or why a token that was sent is no good.
struct Current(Result<Option<Actor>, Refused>);

/// Turns the bearer token into an actor when a request is prepared.
pub struct Sessions(pub World);

impl ExtensionFactory for Sessions {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(OneRequest(self.0.clone()))
    }
}

struct OneRequest(World);

#[async_trait::async_trait]
impl Extension for OneRequest {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let bearer = request
            .data
            .get(&std::any::TypeId::of::<Bearer>())
            .and_then(|data| data.downcast_ref::<Bearer>());
        let current = match bearer {
            Some(Bearer(Some(token))) => self.0.identity.actor(token).await.map(Some).map_err(Refused::from),
            _ => Ok(None),
        };
        next.run(ctx, request.data(Current(current))).await
    }
}

/// The actor of this request.
///
/// # Errors
/// `UNAUTHENTICATED` without a session that is good.
pub fn actor<'a>(ctx: &Context<'a>) -> Answer<&'a Actor> {
    match ctx.data_opt::<Current>() {
        Some(Current(Ok(Some(actor)))) => Ok(actor),
        Some(Current(Err(refused))) => Err(refused.clone()),
        _ => Err(crate::identity::IdentityError::Unauthenticated.into()),
    }
}

/// The open rooms.
///
/// # Errors
/// `INTERNAL` in a schema that was built without them: to print it.
pub fn world<'a>(ctx: &Context<'a>) -> Answer<&'a World> {
    ctx.data_opt::<World>().ok_or_else(Refused::internal)
}

//! The guard of a field, and the directives that show in the schema what each field asks for.

use std::marker::PhantomData;

use async_graphql::{Context, Guard, Result};

use super::{ErrorCode, Refused, actor, world};
use crate::access::Action;

pub use directives::{can, opens, public};

#[allow(missing_docs, reason = "the macro makes types of these functions, without their words")]
mod directives {
    use async_graphql::TypeDirective;

    /// The caller must have a role that may be granted this action. Rules and facts decide in the resolver; a refusal here is
    /// in the ledger as well.
    #[TypeDirective(location = "FieldDefinition", name = "can")]
    pub fn can(action: String) {}

    /// What of a patient's sealed data this field may show.
    #[TypeDirective(location = "FieldDefinition", name = "opens", repeatable)]
    pub fn opens(payload: String) {}

    /// Answers without a session.
    #[TypeDirective(location = "FieldDefinition", name = "public")]
    pub fn public() {}
}

/// Asks, before anything is loaded, whether the caller's role may ever be granted `A`.
#[derive(Clone, Copy, Debug)]
pub struct Can<A>(PhantomData<fn() -> A>);

impl<A> Can<A> {
    /// The guard.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "a guard is named, not defaulted")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A: Action> Guard for Can<A> {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        let actor = actor(ctx)?;
        if A::ROLES.contains(&actor.role()) {
            return Ok(());
        }
        world(ctx)?.desk.refuse(actor.by(), A::NAME).await.map_err(Refused::from)?;
        Err(Refused::new(ErrorCode::Forbidden, "your role may not do this").into())
    }
}

/// Somebody is logged in, whoever it is.
#[derive(Clone, Copy, Debug)]
pub struct LoggedIn;

impl Guard for LoggedIn {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        actor(ctx)?;
        Ok(())
    }
}

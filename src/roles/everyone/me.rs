//! Who I am.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    graph::{
        Answer,
        can::{LoggedIn, can},
        nouns::{Role, time},
        session, world,
    },
    identity::Actor,
    world::World,
};

/// An account and its session, as its owner sees them.
#[derive(SimpleObject)]
pub struct Myself {
    /// The account's id.
    id: Uuid,
    /// What the account may do.
    role: Role,
    /// The user name.
    username: String,
    /// The person's name.
    name: String,
    /// Id of the key in use: SHA-256 of its public half, base64url.
    key_id: Option<String>,
    /// When the session ends by itself.
    session_expires_at: DateTime<Utc>,
}

/// The query.
#[derive(Default)]
pub(super) struct Me;

#[Object]
impl Me {
    /// Who you are logged in as.
    #[graphql(guard = "LoggedIn", directive = can::apply("LOGGED_IN".to_owned()))]
    async fn me(&self, ctx: &Context<'_>) -> Answer<Myself> {
        myself(world(ctx)?, session::actor(ctx)?).await
    }

    /// The server's time, to sign hand-overs with.
    #[graphql(guard = "LoggedIn", directive = can::apply("LOGGED_IN".to_owned()))]
    async fn server_time(&self, ctx: &Context<'_>) -> Answer<DateTime<Utc>> {
        Ok(time(world(ctx)?.now_ms()))
    }
}

async fn myself(world: &World, actor: &Actor) -> Answer<Myself> {
    let user = world.identity.user(actor.account()).await?;
    Ok(Myself {
        id: user.id,
        role: user.role.into(),
        username: user.username.as_str().to_owned(),
        name: user.name.as_str().to_owned(),
        key_id: world.clinic.own_key_id(actor).await.ok(),
        session_expires_at: time(actor.session_expires_ms()),
    })
}

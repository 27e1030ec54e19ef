//! The accounts.

use async_graphql::{
    Context, Enum, Object, SimpleObject,
    connection::{Connection, EmptyFields},
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::authorize;
use crate::{
    graph::{
        Answer, Can, Cursor, Page,
        can::can,
        nouns::{Role, time},
    },
    identity::{User, UserFilter},
};

crate::action! {
    /// Sees the accounts.
    ListUsers = "LIST_USERS" for "HOPERAT" by Admin else Forbidden
}

/// Whether an account can log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::UserStatus")]
pub enum AccountStatus {
    /// Waits for enrolment.
    Invited,
    /// Can log in.
    Active,
    /// Cannot.
    Disabled,
}

/// An account.
#[derive(SimpleObject)]
pub struct Account {
    /// The account's id.
    id: Uuid,
    /// What it may do.
    role: Role,
    /// Whether it can log in.
    status: AccountStatus,
    /// The user name.
    username: String,
    /// The person's name.
    name: String,
    /// When it was made.
    created_at: DateTime<Utc>,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            role: user.role.into(),
            status: user.status.into(),
            username: user.username.as_str().to_owned(),
            name: user.name.as_str().to_owned(),
            created_at: time(user.created_ms),
        }
    }
}

/// The query.
#[derive(Default)]
pub(super) struct Users;

#[Object]
impl Users {
    /// The accounts, oldest first.
    #[graphql(guard = "Can::<ListUsers>::new()", directive = can::apply("LIST_USERS".to_owned()))]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(default, desc = "Which part of the list.")] page: Page,
        #[graphql(desc = "Only accounts of this role.")] role: Option<Role>,
        #[graphql(desc = "Only accounts in this state.")] status: Option<AccountStatus>,
    ) -> Answer<Connection<Cursor, Account, EmptyFields, EmptyFields>> {
        let (size, after) = (page.size()?, page.after()?.map(|Cursor(ms, id)| (ms, id)));
        let (world, ..) = authorize::<ListUsers>(ctx).await?;
        let filter = UserFilter { role: role.map(Into::into), status: status.map(Into::into), after };
        let users = world.identity.list_users(filter, size).await?;
        let more = users.len() as u64 == size;
        Ok(page.connection(
            users.into_iter().map(|user| (Cursor(user.created_ms, user.id), user.into())).collect(),
            more,
        ))
    }
}

//! Who looked. Reading it is itself an entry, the last one shown.

use async_graphql::{
    Context, Object, SimpleObject,
    connection::{Connection, EmptyFields},
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::myself;
use crate::{
    access::Facts,
    clinic::ClinicError,
    graph::{
        Answer, Can, Cursor, Page,
        can::can,
        nouns::{Role, time},
        session,
    },
    ledger::By,
};

crate::action! {
    /// Sees who looked at their records.
    ReadOwnAccessLog = "READ_OWN_ACCESS_LOG" for "PATRQT" by Patient else NotFound
}

/// One access to your records.
#[derive(SimpleObject)]
pub struct AccessEntry {
    /// Index of the entry in the ledger.
    index: i64,
    /// When.
    at: DateTime<Utc>,
    /// Who: the name of the account, or the server.
    who: String,
    /// In which role.
    role: Option<Role>,
    /// What was done.
    action: String,
    /// HL7 purpose of use.
    purpose: String,
    /// GRANTED, DENIED or DONE.
    outcome: String,
    /// Whether the ordinary rules were overridden.
    break_glass: bool,
}

/// The query.
#[derive(Default)]
pub(super) struct MyAccessLog;

#[Object]
impl MyAccessLog {
    /// Everybody who opened, changed, or tried to open something of yours, newest first. Complete: a missing entry would be
    /// an `INTEGRITY_VIOLATION`.
    #[graphql(guard = "Can::<ReadOwnAccessLog>::new()", directive = can::apply("READ_OWN_ACCESS_LOG".to_owned()))]
    async fn my_access_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(default, desc = "Which part of the list.")] page: Page,
    ) -> Answer<Connection<Cursor, AccessEntry, EmptyFields, EmptyFields>> {
        let (world, actor, size) = (session::world(ctx)?, session::actor(ctx)?, page.size()?);
        let row = world.clinic.patient(myself(actor)?).await?.ok_or(ClinicError::NotFound)?;
        let ask = world.clinic.ask_known(&row, Some(&Facts::of_patient(row.id)));
        let _permit = world.desk.authorize::<ReadOwnAccessLog>(actor, ask.resource, ask.facts).await?;
        let mut entries = world.ledger.entries_of(&world.keyring.patient(row.id).await?).await?;
        entries.reverse();
        if let Some(Cursor(before, _)) = page.after()? {
            entries.retain(|entry| entry.index < before);
        }
        let more = entries.len() as u64 > size;
        entries.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let accounts: Vec<Uuid> = entries
            .iter()
            .filter_map(|entry| match entry.by {
                By::Account(account, _) => Some(account),
                By::System | By::Unknown => None,
            })
            .collect();
        let users = world.identity.users(&accounts).await?;
        let shown = entries.into_iter().map(|entry| {
            let (who, role) = match entry.by {
                By::Account(account, role) => (
                    users.get(&account).map_or_else(String::new, |user| user.name.as_str().to_owned()),
                    Some(role.into()),
                ),
                By::System => ("the server".to_owned(), None),
                By::Unknown => ("unknown".to_owned(), None),
            };
            let shown = AccessEntry {
                index: entry.index,
                at: time(entry.time_ms),
                who,
                role,
                action: entry.action,
                purpose: entry.purpose,
                outcome: entry.outcome,
                break_glass: entry.break_glass,
            };
            (Cursor(entry.index, Uuid::nil()), shown)
        });
        Ok(page.connection(shown.collect(), more))
    }
}

//! Whom the doctor treats.

use async_graphql::{
    Context, Object,
    connection::{Connection, EmptyFields},
};

use crate::{
    access::Opens,
    graph::{
        Answer, Can, Cursor, Page,
        can::{can, opens},
        nouns::PatientIdentity,
        session,
    },
    keyring::KeyringError,
    vault::payload::Demographics,
};

crate::action! {
    /// Sees the list of treated patients: one entry for a page.
    list ListPatients = "LIST_PATIENTS" for "TREAT" by Doctor else Forbidden
}

impl Opens<Demographics> for ListPatients {}

/// The query.
#[derive(Default)]
pub(super) struct TreatedPatients;

#[Object]
impl TreatedPatients {
    /// The patients whom you treat, in no meaningful order.
    #[graphql(guard = "Can::<ListPatients>::new()", directive = can::apply("LIST_PATIENTS".to_owned()), directive = opens::apply("Demographics".to_owned()))]
    async fn treated_patients(
        &self,
        ctx: &Context<'_>,
        #[graphql(default, desc = "Which part of the list.")] page: Page,
    ) -> Answer<Connection<Cursor, PatientIdentity, EmptyFields, EmptyFields>> {
        let (world, actor, size) = (session::world(ctx)?, session::actor(ctx)?, page.size()?);
        let ids = world.clinic.treated_by(actor, page.after()?.map(|Cursor(_, id)| id), size).await?;
        let more = ids.len() as u64 == size;
        let (rows, facts) = (world.clinic.patients(&ids).await?, world.clinic.facts(actor, &ids).await?);
        let rows: Vec<_> = ids.iter().filter_map(|id| rows.get(id)).collect();
        let asks = rows.iter().map(|row| world.clinic.ask_known(row, facts.get(&row.id)));
        let permits = world.desk.authorize_many::<ListPatients>(actor, asks.collect()).await?;
        let keys = world.vault.page(ids.iter().copied()).await?;
        let mut items = Vec::with_capacity(rows.len());
        for (row, permit) in rows.iter().zip(permits) {
            let Ok(permit) = permit else { continue };
            let who = match keys.open::<ListPatients, Demographics>(&row.demographics, &permit) {
                // Erased: nothing of theirs can be read any more.
                Err(KeyringError::NoPatientKey) => continue,
                opened => opened?,
            };
            items.push((Cursor(0, row.id), PatientIdentity::new(row.id, &who)));
        }
        Ok(page.connection(items, more))
    }
}

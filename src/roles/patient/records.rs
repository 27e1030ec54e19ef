//! The patient's own records.

use async_graphql::{
    Context, Object,
    connection::{Connection, EmptyFields},
};

use super::myself;
use crate::{
    access::{Facts, Opens},
    graph::{
        Answer, Can, Cursor, Page,
        can::{can, opens},
        nouns::MedicalRecord,
        session,
    },
    vault::payload::RecordBody,
};

crate::action! {
    /// Reads their own records.
    ReadOwnRecord = "READ_OWN_RECORD" for "PATRQT" by Patient else NotFound
}

impl Opens<RecordBody> for ReadOwnRecord {}

/// The query.
#[derive(Default)]
pub(super) struct MyRecords;

#[Object]
impl MyRecords {
    /// What was recorded about you, newest first.
    #[graphql(guard = "Can::<ReadOwnRecord>::new()", directive = can::apply("READ_OWN_RECORD".to_owned()), directive = opens::apply("RecordBody".to_owned()))]
    async fn my_records(
        &self,
        ctx: &Context<'_>,
        #[graphql(default, desc = "Which part of the list.")] page: Page,
    ) -> Answer<Connection<Cursor, MedicalRecord, EmptyFields, EmptyFields>> {
        let (world, actor, size) = (session::world(ctx)?, session::actor(ctx)?, page.size()?);
        let me = myself(actor)?;
        let after = page.after()?.map(|Cursor(ms, id)| (ms, id));
        let (records, more) =
            world.clinic.records::<ReadOwnRecord>(actor, me, &Facts::of_patient(me), after, size).await?;
        Ok(page.connection(records.iter().map(MedicalRecord::of).collect(), more))
    }
}

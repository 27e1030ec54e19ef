//! The patient's own prescriptions.

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
        nouns::Prescription,
        session,
    },
    vault::payload::PrescriptionBody,
};

crate::action! {
    /// Reads their own prescriptions.
    ReadOwnPrescription = "READ_OWN_PRESCRIPTION" for "PATRQT" by Patient else NotFound
}

impl Opens<PrescriptionBody> for ReadOwnPrescription {}

/// The query.
#[derive(Default)]
pub(super) struct MyPrescriptions;

#[Object]
impl MyPrescriptions {
    /// What was prescribed for you, newest first.
    #[graphql(guard = "Can::<ReadOwnPrescription>::new()", directive = can::apply("READ_OWN_PRESCRIPTION".to_owned()), directive = opens::apply("PrescriptionBody".to_owned()))]
    async fn my_prescriptions(
        &self,
        ctx: &Context<'_>,
        #[graphql(default, desc = "Which part of the list.")] page: Page,
    ) -> Answer<Connection<Cursor, Prescription, EmptyFields, EmptyFields>> {
        let (world, actor, size) = (session::world(ctx)?, session::actor(ctx)?, page.size()?);
        let me = myself(actor)?;
        let after = page.after()?.map(|Cursor(ms, id)| (ms, id));
        let (read, more) = world
            .clinic
            .read_prescriptions::<ReadOwnPrescription>(actor, me, &Facts::of_patient(me), after, size)
            .await?;
        let now_ms = world.now_ms();
        Ok(page
            .connection(read.iter().map(|(row, body)| Prescription::of(row, body, now_ms)).collect(), more))
    }
}

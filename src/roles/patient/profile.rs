//! Who the patient is, as the hospital has it.

use async_graphql::{Context, Object};

use super::myself;
use crate::{
    access::{Facts, Opens},
    clinic::ClinicError,
    graph::{
        Answer, Can,
        can::{can, opens},
        nouns::PatientIdentity,
        session,
    },
    vault::payload::Demographics,
};

crate::action! {
    /// Sees their own profile.
    ReadOwnProfile = "READ_OWN_PROFILE" for "PATRQT" by Patient else NotFound
}

impl Opens<Demographics> for ReadOwnProfile {}

/// The query.
#[derive(Default)]
pub(super) struct MyProfile;

#[Object]
impl MyProfile {
    /// Who you are, as the hospital has it.
    #[graphql(guard = "Can::<ReadOwnProfile>::new()", directive = can::apply("READ_OWN_PROFILE".to_owned()), directive = opens::apply("Demographics".to_owned()))]
    async fn my_profile(&self, ctx: &Context<'_>) -> Answer<PatientIdentity> {
        let (world, actor) = (session::world(ctx)?, session::actor(ctx)?);
        let row = world.clinic.patient(myself(actor)?).await?.ok_or(ClinicError::NotFound)?;
        let ask = world.clinic.ask_known(&row, Some(&Facts::of_patient(row.id)));
        let permit = world.desk.authorize::<ReadOwnProfile>(actor, ask.resource, ask.facts).await?;
        let who = world.vault.open::<ReadOwnProfile, Demographics>(&row.demographics, &permit).await?;
        Ok(PatientIdentity::new(row.id, &who))
    }
}

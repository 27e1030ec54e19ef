//! Opening one patient: who they are, what was recorded, what was prescribed.

use async_graphql::{
    Context, Object,
    connection::{Connection, EmptyFields},
};
use uuid::Uuid;

use crate::{
    access::{Facts, Opens},
    graph::{
        Answer, Can, Cursor, Page,
        can::{can, opens},
        nouns::{MedicalRecord, PatientIdentity, Prescription},
        session,
    },
    vault::payload::{Demographics, PrescriptionBody, RecordBody},
};

crate::action! {
    /// Opens a patient.
    OpenPatient = "OPEN_PATIENT" for "TREAT" by Doctor else NoCareRelation
}
crate::action! {
    /// Reads a patient's records.
    ReadRecord = "READ_RECORD" for "TREAT" by Doctor else NoCareRelation
}
crate::action! {
    /// Reads a patient's prescriptions.
    ReadPrescription = "READ_PRESCRIPTION" for "TREAT" by Doctor else NoCareRelation
}

impl Opens<Demographics> for OpenPatient {}
impl Opens<RecordBody> for ReadRecord {}
impl Opens<PrescriptionBody> for ReadPrescription {}

/// A patient who was opened by somebody who treats them.
pub struct Patient {
    who: PatientIdentity,
    facts: Facts,
}

/// The query.
#[derive(Default)]
pub(super) struct OpenedPatient;

#[Object]
impl OpenedPatient {
    /// Opens a patient whom you treat. For anybody else, and for a number that does not exist, `NO_CARE_RELATION`.
    #[graphql(guard = "Can::<OpenPatient>::new()", directive = can::apply("OPEN_PATIENT".to_owned()), directive = opens::apply("Demographics".to_owned()))]
    async fn patient(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The patient's id.")] id: Uuid,
    ) -> Answer<Patient> {
        let (world, actor) = (session::world(ctx)?, session::actor(ctx)?);
        let row = world.clinic.patient(id).await?;
        let ask = world.clinic.ask_patient(actor, id, row.as_deref()).await?;
        let facts = ask.facts.clone();
        let permit = world.desk.authorize::<OpenPatient>(actor, ask.resource, ask.facts).await?;
        let row = row.ok_or(crate::clinic::ClinicError::NotFound)?;
        let who = world.vault.open::<OpenPatient, Demographics>(&row.demographics, &permit).await?;
        Ok(Patient { who: PatientIdentity::new(id, &who), facts })
    }
}

/// A patient whom the doctor treats.
#[Object]
impl Patient {
    /// Who they are.
    async fn identity(&self) -> &PatientIdentity {
        &self.who
    }

    /// What was recorded, newest first. Records whose own policy excludes you are left out; the denial is in the ledger.
    #[graphql(guard = "Can::<ReadRecord>::new()", directive = can::apply("READ_RECORD".to_owned()), directive = opens::apply("RecordBody".to_owned()))]
    async fn records(
        &self,
        ctx: &Context<'_>,
        #[graphql(default, desc = "Which part of the list.")] page: Page,
    ) -> Answer<Connection<Cursor, MedicalRecord, EmptyFields, EmptyFields>> {
        let (world, actor, size) = (session::world(ctx)?, session::actor(ctx)?, page.size()?);
        let after = page.after()?.map(|Cursor(ms, id)| (ms, id));
        let (records, more) =
            world.clinic.records::<ReadRecord>(actor, self.who.id, &self.facts, after, size).await?;
        Ok(page.connection(records.iter().map(MedicalRecord::of).collect(), more))
    }

    /// What was prescribed, newest first, history from other systems included.
    #[graphql(guard = "Can::<ReadPrescription>::new()", directive = can::apply("READ_PRESCRIPTION".to_owned()), directive = opens::apply("PrescriptionBody".to_owned()))]
    async fn prescriptions(
        &self,
        ctx: &Context<'_>,
        #[graphql(default, desc = "Which part of the list.")] page: Page,
    ) -> Answer<Connection<Cursor, Prescription, EmptyFields, EmptyFields>> {
        let (world, actor, size) = (session::world(ctx)?, session::actor(ctx)?, page.size()?);
        let after = page.after()?.map(|Cursor(ms, id)| (ms, id));
        let (read, more) = world
            .clinic
            .read_prescriptions::<ReadPrescription>(actor, self.who.id, &self.facts, after, size)
            .await?;
        let now_ms = world.now_ms();
        Ok(page
            .connection(read.iter().map(|(row, body)| Prescription::of(row, body, now_ms)).collect(), more))
    }
}

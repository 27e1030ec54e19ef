//! Verifying a prescription, live, step by step.

use async_graphql::{Context, Object, SimpleObject};
use uuid::Uuid;

use crate::{
    access::{Facts, Opens},
    clinic::{ClinicError, prescription::Step},
    graph::{
        Answer, Can,
        can::{can, opens},
        nouns::{PatientIdentity, PrescriptionState, words},
        session,
    },
    vault::payload::{Demographics, PrescriptionBody, PrescriptionProgress},
};

crate::action! {
    /// Verifies a prescription: sees what is to be handed over, and to whom.
    Verify = "VERIFY_PRESCRIPTION" for "TREAT" by Pharmacist else NotFound
}

impl Opens<PrescriptionBody> for Verify {}
impl Opens<PrescriptionProgress> for Verify {}

crate::action! {
    /// Sees to whom a prescription is handed over.
    IdentifyRecipient = "IDENTIFY_RECIPIENT" for "TREAT" by Pharmacist else NotFound
}

impl Opens<Demographics> for IdentifyRecipient {}

/// One step of the verification.
#[derive(SimpleObject)]
pub struct VerificationStep {
    /// What was asked.
    name: &'static str,
    /// Whether it held.
    holds: bool,
    /// What was seen: keys and ledger indexes, no clinical word.
    seen: String,
}

impl From<Step> for VerificationStep {
    fn from(step: Step) -> Self {
        Self { name: step.name, holds: step.holds, seen: step.seen }
    }
}

/// The verdict about a prescription, with what is needed to hand it over.
#[derive(SimpleObject)]
pub struct PrescriptionVerdict {
    /// The prescription's id.
    id: Uuid,
    /// Whether every step held and it may be dispensed now.
    dispensable: bool,
    /// Where it stands.
    state: PrescriptionState,
    /// What was looked at, in order. The steps after one that fails are not taken.
    steps: Vec<VerificationStep>,
    /// To whom it is handed over.
    patient: Option<PatientIdentity>,
    /// The prescriber's account.
    prescriber_id: Uuid,
    /// The medicine, where the signature holds.
    medicine: Option<String>,
    /// How to take it.
    dosage: Option<String>,
    /// Units prescribed.
    quantity: Option<u32>,
    /// Units left to dispense.
    left: Option<u32>,
    /// SHA-256 of the signed text, base64url: what the hand-over signs.
    prescription_hash: Option<String>,
}

/// The query.
#[derive(Default)]
pub(super) struct VerifyPrescription;

#[Object]
impl VerifyPrescription {
    /// Verifies a prescription now: its signature, every signed field against its row, the prescriber's key at the time
    /// of issuing and since. Shows the medicine, never a diagnosis, cause, vital sign or note.
    #[graphql(guard = "Can::<Verify>::new()", directive = can::apply("VERIFY_PRESCRIPTION".to_owned()),
        directive = opens::apply("PrescriptionBody".to_owned()), directive = opens::apply("PrescriptionProgress".to_owned()),
        directive = opens::apply("Demographics".to_owned()))]
    async fn verify_prescription(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The prescription's id.")] id: Uuid,
    ) -> Answer<PrescriptionVerdict> {
        let (world, actor) = (session::world(ctx)?, session::actor(ctx)?);
        let row = world.clinic.prescription(id).await?.ok_or(ClinicError::NotFound)?;
        let ask = world.clinic.ask_prescription(&row, &Facts::default())?;
        let permit = world.desk.authorize::<Verify>(actor, ask.resource, ask.facts).await?;
        let page = world.vault.page([row.patient_id]).await?;
        let verdict = world.clinic.verdict(&row, &permit, &page).await?;
        let progress = page.open::<Verify, PrescriptionProgress>(&row.progress, &permit)?;
        let state = PrescriptionState::of(&row, world.now_ms());
        let open = matches!(state, PrescriptionState::Issued | PrescriptionState::PartlyDispensed);
        let patient = match world.clinic.patient(row.patient_id).await? {
            None => None,
            Some(patient) => {
                let ask = world.clinic.ask_patient(actor, patient.id, Some(&patient)).await?;
                let permit =
                    world.desk.authorize::<IdentifyRecipient>(actor, ask.resource, ask.facts).await?;
                let who = page.open::<IdentifyRecipient, Demographics>(&patient.demographics, &permit)?;
                Some(PatientIdentity::new(patient.id, &who))
            }
        };
        let text = verdict.verified.as_ref();
        Ok(PrescriptionVerdict {
            id,
            dispensable: open && text.is_some(),
            state,
            patient,
            prescriber_id: row.prescriber_id,
            medicine: text.map(|text| words(&text.text().medicine)),
            dosage: text.map(|text| text.text().dosage.clone()),
            quantity: text.map(|text| text.text().quantity),
            left: text.map(|_| progress.prescribed.saturating_sub(progress.dispensed)),
            prescription_hash: text.map(|text| text.hash().to_owned()),
            steps: verdict.steps.into_iter().map(VerificationStep::from).collect(),
        })
    }
}

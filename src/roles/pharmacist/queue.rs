//! What waits to be dispensed.

use async_graphql::{
    Context, Object, SimpleObject,
    connection::{Connection, EmptyFields},
};
use chrono::{DateTime, Utc};
use crypto::signed_text::{self, SignedText as _};
use uuid::Uuid;

use crate::{
    access::{Facts, Opens},
    graph::{
        Answer, Can, Cursor, Page,
        can::{can, opens},
        nouns::{PrescriptionState, time, words},
        session,
    },
    keyring::KeyringError,
    vault::payload::PrescriptionBody,
};

crate::action! {
    /// Sees the queue: one entry for a page.
    list ViewQueue = "VIEW_QUEUE" for "TREAT" by Pharmacist else Forbidden
}

impl Opens<PrescriptionBody> for ViewQueue {}

/// A prescription that waits for a pharmacist.
#[derive(SimpleObject)]
pub struct WaitingPrescription {
    /// The prescription's id.
    id: Uuid,
    /// Where it stands.
    state: PrescriptionState,
    /// The medicine, in words.
    medicine: Option<String>,
    /// Units prescribed.
    quantity: Option<u32>,
    /// When it was drafted.
    created_at: DateTime<Utc>,
    /// When it ends.
    expires_at: DateTime<Utc>,
}

/// The query.
#[derive(Default)]
pub(super) struct PrescriptionQueue;

#[Object]
impl PrescriptionQueue {
    /// Prescriptions that wait to be dispensed, oldest first.
    #[graphql(guard = "Can::<ViewQueue>::new()", directive = can::apply("VIEW_QUEUE".to_owned()), directive = opens::apply("PrescriptionBody".to_owned()))]
    async fn prescription_queue(
        &self,
        ctx: &Context<'_>,
        #[graphql(default, desc = "Which part of the list.")] page: Page,
    ) -> Answer<Connection<Cursor, WaitingPrescription, EmptyFields, EmptyFields>> {
        let (world, actor, size) = (session::world(ctx)?, session::actor(ctx)?, page.size()?);
        let rows = world.clinic.waiting(page.after()?.map(|Cursor(ms, id)| (ms, id)), size).await?;
        let more = rows.len() as u64 == size;
        let asks = rows
            .iter()
            .map(|row| world.clinic.ask_prescription(row, &Facts::default()))
            .collect::<Result<Vec<_>, _>>()?;
        let permits = world.desk.authorize_many::<ViewQueue>(actor, asks).await?;
        let keys = world.vault.page(rows.iter().map(|row| row.patient_id)).await?;
        let mut items = Vec::with_capacity(rows.len());
        for (row, permit) in rows.iter().zip(permits) {
            let Ok(permit) = permit else { continue };
            let body = match keys.open::<ViewQueue, PrescriptionBody>(&row.body, &permit) {
                // Erased: nothing of theirs can be read any more.
                Err(KeyringError::NoPatientKey) => continue,
                opened => opened?,
            };
            let PrescriptionBody::Signed { text, .. } = &*body else { continue };
            let signed = signed_text::Prescription::parse(text).ok();
            let waiting = WaitingPrescription {
                id: row.id,
                state: PrescriptionState::of(row, world.now_ms()),
                medicine: signed.as_ref().map(|signed| words(&signed.medicine)),
                quantity: signed.map(|signed| signed.quantity),
                created_at: time(row.created_ms),
                expires_at: time(row.expires_ms),
            };
            items.push((Cursor(row.created_ms, row.id), waiting));
        }
        Ok(page.connection(items, more))
    }
}

//! Drafting a prescription: the server gives id, key, times and nonce; the text is the client's to compose.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, SecondsFormat, Utc};
use crypto::encoding::Encoder;
use entity::{PrescriptionStatus, prescription};
use uuid::Uuid;

use crate::{
    access::confirm,
    clinic::{ClinicError, prescription::default_policy},
    graph::{Answer, Can, can::can, idempotency::Once, nouns::time, session},
    keyring::{Keyring, SystemKey},
    ledger::{Draft as Entry, Outcome},
    vault::payload::{PrescriptionBody, PrescriptionHeader, PrescriptionProgress},
    world::World,
};

crate::action! {
    /// Drafts a prescription.
    Draft = "DRAFT_PRESCRIPTION" for "TREAT" by Doctor else NoCareRelation
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Days that a prescription is valid unless asked otherwise, and at most.
const VALID_DAYS: (u16, u16) = (30, 365);

/// For whom.
#[derive(InputObject)]
pub struct DraftPrescriptionInput {
    /// The patient, whom you treat.
    patient_id: Uuid,
    /// How many days it can be dispensed: 30 unless given, 365 at most.
    valid_days: Option<u16>,
    /// The same key gives the same draft again, for 24 hours.
    idempotency_key: Uuid,
}

/// What the client puts into the text that it composes and signs.
#[derive(SimpleObject)]
pub struct PrescriptionDraft {
    /// The prescription's id.
    id: Uuid,
    /// The patient.
    patient_id: Uuid,
    /// You.
    prescriber_id: Uuid,
    /// Id of the key that is to sign: the one of your session.
    key_id: String,
    /// When it is issued, for the text.
    issued_at: DateTime<Utc>,
    /// When it ends, for the text.
    expires_at: DateTime<Utc>,
    /// Random, for the text.
    nonce: String,
}

/// The mutation.
#[derive(Default)]
pub(super) struct DraftPrescription;

#[Object]
impl DraftPrescription {
    /// Opens a draft for 15 minutes. Compose the text from your own form with what you get, sign it, and issue it.
    #[graphql(guard = "Can::<Draft>::new()", directive = can::apply("DRAFT_PRESCRIPTION".to_owned()))]
    async fn draft_prescription(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For whom.")] input: DraftPrescriptionInput,
    ) -> Answer<PrescriptionDraft> {
        let (world, actor) = (session::world(ctx)?, session::actor(ctx)?);
        let days = input.valid_days.unwrap_or(VALID_DAYS.0);
        if !(1..=VALID_DAYS.1).contains(&days) {
            return Err(ClinicError::Input {
                field: "validDays",
                problem: "must be between 1 and 365".to_owned(),
            }
            .into());
        }
        let patient = world.clinic.patient(input.patient_id).await?;
        let ask = world.clinic.ask_patient(actor, input.patient_id, patient.as_deref()).await?;
        let permit = world.desk.authorize::<Draft>(actor, ask.resource, ask.facts).await?;
        let key_id = world.clinic.own_key_id(actor).await?;

        let canonical = Encoder::new("medicrypt/draft-input/v1")
            .bytes(input.patient_id.as_bytes())
            .u64(days.into())
            .str(&key_id)
            .finish();
        let once = Once::new(&world.keyring, actor, "draftPrescription", input.idempotency_key, &canonical);
        let terms = Terms { patient_id: input.patient_id, prescriber_id: actor.account(), key_id, days };
        if let Some(made) = once.made(world.store.read()).await? {
            return terms.again(world, made).await;
        }
        let keyring = &world.keyring;
        let key = world.vault.page([input.patient_id]).await?.key(input.patient_id)?;
        let (made, issued_ms) = (keyring.around().uuid(), world.now_ms());
        let draft = terms.draft(keyring, made, issued_ms);
        let policy = default_policy(input.patient_id);
        let body = PrescriptionBody::Draft {
            key_id: draft.key_id.clone(),
            issued_at: rfc3339(draft.issued_at),
            expires_at: rfc3339(draft.expires_at),
            nonce: draft.nonce.clone(),
        };
        let progress = PrescriptionProgress { prescribed: 0, dispensed: 0 };
        let row = prescription::Model {
            id: made,
            patient_id: input.patient_id,
            prescriber_id: actor.account(),
            status: PrescriptionStatus::Draft,
            header: keyring.seal(made, 1, &PrescriptionHeader { policy: policy.clone() })?,
            body: keyring.seal_for(&key, &policy, made, 1, &body)?,
            progress: keyring.seal_for(&key, &policy, made, 1, &progress)?,
            text_tag: None,
            created_ms: issued_ms,
            expires_ms: draft.expires_at.timestamp_millis(),
            version: 1,
            tag: Vec::new(),
        };
        let entry = Entry::new(actor.by(), "PRESCRIPTION_DRAFTED", Outcome::Done)
            .of(key, "TREAT")
            .with("prescription", made);
        let facts = permit.facts().to_vec();
        let twin = world
            .write("draft prescription", move |tx| {
                let (row, entry, facts) = (row.clone(), entry.clone(), facts.clone());
                Box::pin(async move {
                    confirm(tx, &facts).await?;
                    if let Some(twin) = once.claim(tx, made).await? {
                        return Ok(Some(twin));
                    }
                    tx.insert(row).await?;
                    tx.append(entry);
                    Ok::<_, ClinicError>(None)
                })
            })
            .await?
            .value;
        match twin {
            Some(made) => terms.again(world, made).await,
            None => Ok(draft),
        }
    }
}

/// What a draft is made of. Its times and nonce follow from its id and its row, so that a replay answers the same.
struct Terms {
    patient_id: Uuid,
    prescriber_id: Uuid,
    key_id: String,
    days: u16,
}

impl Terms {
    fn draft(&self, keyring: &Keyring, id: Uuid, issued_ms: i64) -> PrescriptionDraft {
        let nonce = Encoder::new("medicrypt/prescription-nonce/v1").bytes(id.as_bytes()).finish();
        PrescriptionDraft {
            id,
            patient_id: self.patient_id,
            prescriber_id: self.prescriber_id,
            key_id: self.key_id.clone(),
            issued_at: time(issued_ms),
            expires_at: time(issued_ms + i64::from(self.days) * DAY_MS),
            nonce: URL_SAFE_NO_PAD.encode(keyring.mac(SystemKey::Lookup, &nonce)),
        }
    }

    async fn again(&self, world: &World, id: Uuid) -> Answer<PrescriptionDraft> {
        let row = world.clinic.prescription(id).await?.ok_or(ClinicError::NotFound)?;
        Ok(self.draft(&world.keyring, id, row.created_ms))
    }
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

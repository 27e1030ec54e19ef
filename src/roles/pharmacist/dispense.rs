//! The hand-over: exactly what was prescribed, exactly once, signed by the pharmacist.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, SimpleObject};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use crypto::{
    encoding::Encoder,
    signed_text::{Handover, SignedText as _},
};
use entity::{dispensing, prescription};
use sea_orm::{EntityTrait as _, QuerySelect as _};
use uuid::Uuid;

use crate::{
    access::{FactVersion, Facts, Opens, Permit, Resource, confirm},
    clinic::{
        ClinicError,
        prescription::{dispensable, dispensed},
    },
    graph::{
        Answer, Can,
        can::{can, opens},
        idempotency::Once,
        nouns::time,
        session,
    },
    identity::Actor,
    keyring::{Checked, SystemKey},
    ledger::{By, Draft, Outcome, Tx},
    store::Backend,
    vault::{
        Page,
        payload::{DispensingBody, PrescriptionBody, PrescriptionProgress},
    },
    world::World,
};

crate::action! {
    /// Dispenses: verifies the prescription live and hands it over.
    Dispense = "DISPENSE" for "TREAT" by Pharmacist else NotFound
}

impl Opens<PrescriptionBody> for Dispense {}
impl Opens<PrescriptionProgress> for Dispense {}

crate::action! {
    /// Reads a receipt again: the replay of an answer that was lost.
    ReadReceipt = "READ_RECEIPT" for "TREAT" by Pharmacist else NotFound
}

impl Opens<DispensingBody> for ReadReceipt {}

/// How far the time in a signed hand-over may be from the server's.
const SKEW_MS: i64 = 5 * 60 * 1000;

/// A hand-over, as the pharmacist signed it.
#[derive(Clone, InputObject)]
pub struct DispenseInput {
    /// The prescription.
    prescription_id: Uuid,
    /// A fresh UUID for this hand-over, part of the signed text.
    handover_id: Uuid,
    /// Units handed over.
    quantity: u32,
    /// When, as in the signed text; at most five minutes off the server's time.
    at: DateTime<Utc>,
    /// Id of the key that signed.
    key_id: String,
    /// RSASSA-PKCS1-v1_5 with SHA-256 over the hand-over's canonical text, base64.
    signature: String,
    /// The same key gives the same receipt again, for 24 hours.
    idempotency_key: Uuid,
}

/// The receipt of a hand-over: the same bytes however often it is asked for with its idempotency key.
#[derive(SimpleObject)]
pub struct DispensingReceipt {
    /// The hand-over's id.
    id: Uuid,
    /// The prescription.
    prescription_id: Uuid,
    /// Units handed over.
    quantity: u32,
    /// Units left after this hand-over.
    left: u32,
    /// When it was handed over.
    dispensed_at: DateTime<Utc>,
    /// Index of the ledger entry.
    ledger_index: Option<i64>,
    /// The signed hand-over, canonical JSON.
    signed_text: String,
    /// The pharmacist's signature over it, base64.
    signature: String,
}

/// The mutation.
#[derive(Default)]
pub(super) struct DispensePrescription;

#[Object]
impl DispensePrescription {
    /// Dispenses a prescription, or a part of it, after verifying its signature live.
    #[graphql(guard = "Can::<Dispense>::new()", directive = can::apply("DISPENSE".to_owned()),
        directive = opens::apply("PrescriptionBody".to_owned()), directive = opens::apply("PrescriptionProgress".to_owned()),
        directive = opens::apply("DispensingBody".to_owned()))]
    async fn dispense(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The signed hand-over.")] input: DispenseInput,
    ) -> Answer<DispensingReceipt> {
        let (world, actor) = (session::world(ctx)?, session::actor(ctx)?);
        let row = world.clinic.prescription(input.prescription_id).await?.ok_or(ClinicError::NotFound)?;
        let ask = world.clinic.ask_prescription(&row, &Facts::default())?;
        let permit = world.desk.authorize::<Dispense>(actor, ask.resource, ask.facts).await?;
        let page = world.vault.page([row.patient_id]).await?;
        let once = Once::new(&world.keyring, actor, "dispense", input.idempotency_key, &canonical(&input));
        if let Some(made) = once.made(world.store.read()).await? {
            return replayed(world, actor, &permit, &page, made).await;
        }
        dispensable(&row, world.now_ms())?;
        let verdict = world.clinic.verdict(&row, &permit, &page).await?;
        let (by, pharmacist, made) = (actor.by(), actor.account(), input.handover_id);
        let (world, facts) = (world.clone(), [permit.facts(), &verdict.facts].concat());
        let handover = signed(&world, actor, &input, verdict.require()?.hash()).await?;
        let job = Arc::new(Job { world, by, pharmacist, permit, facts, page, handover, input, once });
        let again = job.clone();
        let written = job.world.write("dispense", move |tx| {
            let job = again.clone();
            Box::pin(async move { job.run(tx).await })
        });
        match written.await?.value {
            Some(handover) => receipt(&job.world, made, &handover).await,
            None => replayed(&job.world, actor, &job.permit, &job.page, made).await,
        }
    }
}

/// Everything the write transaction needs, made before it begins.
struct Job {
    world: World,
    by: By,
    pharmacist: Uuid,
    permit: Permit<Dispense>,
    facts: Vec<FactVersion>,
    page: Page,
    handover: Handed,
    input: DispenseInput,
    once: Once,
}

/// A hand-over whose signature was verified.
struct Handed {
    text: String,
    signature: Vec<u8>,
}

impl Job {
    /// Reads the row again under lock, takes the quantity off, and writes both rows with their entry. `None` where a
    /// twin of this request was first.
    async fn run(&self, tx: &mut Tx) -> Result<Option<DispensingBody>, ClinicError> {
        let (keyring, now_ms) = (&self.world.keyring, self.world.now_ms());
        confirm(tx, &self.facts).await?;
        if self.once.claim(tx, self.input.handover_id).await?.is_some() {
            return Ok(None);
        }
        let row = self.locked(tx).await?;
        dispensable(&row, now_ms)?;
        let progress =
            self.page.open_at::<Dispense, PrescriptionProgress>(row.version, &row.progress, &self.permit)?;
        let (progress, status) = dispensed(*progress, self.input.quantity)?;
        let (key, policy) = (self.page.key(row.patient_id)?, &self.permit.resource().policy);
        let sealed = keyring.seal_for(&key, policy, row.id, row.version + 1, &progress)?;
        tx.update(&row, |next: &mut prescription::Model| {
            next.status = status;
            next.progress = sealed;
        })
        .await?;
        let handover = DispensingBody {
            text: self.handover.text.clone(),
            signature: self.handover.signature.clone(),
            quantity: self.input.quantity,
            left: progress.prescribed - progress.dispensed,
        };
        let made = dispensing::Model {
            id: self.input.handover_id,
            prescription_id: row.id,
            pharmacist_id: self.pharmacist,
            body: keyring.seal_for(&key, policy, self.input.handover_id, 1, &handover)?,
            text_tag: keyring.mac(SystemKey::Lookup, self.handover.text.as_bytes()).to_vec(),
            created_ms: now_ms,
            version: 1,
            tag: Vec::new(),
        };
        tx.insert(made).await.map_err(ClinicError::or_replay)?;
        tx.append(
            Draft::new(self.by, "DISPENSED", Outcome::Done)
                .of(key, "TREAT")
                .with("prescription", row.id)
                .with("handover", self.input.handover_id),
        );
        Ok(Some(handover))
    }

    /// On PostgreSQL the row is locked, so that parallel parts queue up instead of failing; SQLite has one writer.
    async fn locked(&self, tx: &Tx) -> Result<Checked<prescription::Model>, ClinicError> {
        let mut query = prescription::Entity::find_by_id(self.input.prescription_id);
        if tx.backend() == Backend::Postgres {
            query = query.lock_exclusive();
        }
        let row = query.one(tx.connection()).await?.ok_or(ClinicError::NotFound)?;
        let row = self.world.keyring.check(row)?;
        tx.hold(std::slice::from_ref(&row)).await?;
        Ok(row)
    }
}

/// Rebuilds the hand-over's text from the typed input and verifies the pharmacist's signature over it.
async fn signed(
    world: &World,
    actor: &Actor,
    input: &DispenseInput,
    prescription_hash: &str,
) -> Result<Handed, ClinicError> {
    let at = input.at.timestamp_millis();
    if (at - world.now_ms()).abs() > SKEW_MS {
        return Err(ClinicError::Input {
            field: "at",
            problem: "is more than five minutes off the server's time".to_owned(),
        });
    }
    let text = Handover {
        prescription: input.prescription_id.to_string(),
        prescription_hash: prescription_hash.to_owned(),
        pharmacist: actor.account().to_string(),
        key_id: input.key_id.clone(),
        quantity: input.quantity,
        handover: input.handover_id.to_string(),
        at: input.at.to_rfc3339_opts(SecondsFormat::Millis, true),
    }
    .text()
    .map_err(|refused| ClinicError::Input { field: "input", problem: refused.to_string() })?;
    let signature = STANDARD
        .decode(&input.signature)
        .map_err(|_| ClinicError::Input { field: "signature", problem: "is not base64".to_owned() })?;
    world.clinic.verify_own(actor, &input.key_id, &text, &signature).await?;
    Ok(Handed { text, signature })
}

/// The receipt of a hand-over that was made before. Rights are decided anew, for its own row.
async fn replayed(
    world: &World,
    actor: &Actor,
    permit: &Permit<Dispense>,
    page: &Page,
    made: Uuid,
) -> Answer<DispensingReceipt> {
    let row =
        dispensing::Entity::find_by_id(made).one(world.store.read()).await?.ok_or(ClinicError::NotFound)?;
    let row = world.keyring.check(row).map_err(ClinicError::from)?;
    let of = permit.resource();
    let resource = Resource { table: "dispensing", row: row.id, version: row.version, ..of.clone() };
    let facts = Facts { patient: of.patient, author: Some(row.pharmacist_id), ..Facts::default() };
    let permit = world.desk.authorize::<ReadReceipt>(actor, resource, facts).await?;
    let body = page.open::<ReadReceipt, DispensingBody>(&row.body, &permit)?;
    receipt(world, made, &body).await
}

async fn receipt(world: &World, made: Uuid, body: &DispensingBody) -> Answer<DispensingReceipt> {
    let row =
        dispensing::Entity::find_by_id(made).one(world.store.read()).await?.ok_or(ClinicError::NotFound)?;
    let row = world.keyring.check(row).map_err(ClinicError::from)?;
    Ok(DispensingReceipt {
        id: row.id,
        prescription_id: row.prescription_id,
        quantity: body.quantity,
        left: body.left,
        dispensed_at: time(row.created_ms),
        ledger_index: world.ledger.index_of("dispensing", row.id, 1).await?,
        signed_text: body.text.clone(),
        signature: STANDARD.encode(&body.signature),
    })
}

fn canonical(input: &DispenseInput) -> Vec<u8> {
    Encoder::new("medicrypt/dispense-input/v1")
        .bytes(input.prescription_id.as_bytes())
        .bytes(input.handover_id.as_bytes())
        .u64(input.quantity.into())
        .i64(input.at.timestamp_millis())
        .str(&input.key_id)
        .str(&input.signature)
        .finish()
}

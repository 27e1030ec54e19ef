//! Issuing: the signed text becomes the prescription, if it says what the server rebuilds from the typed input.

use async_graphql::{Context, InputObject, Object};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto::signed_text::{self, MedicineText, SignedText as _};
use entity::{PrescriptionStatus, prescription};
use uuid::Uuid;

use crate::{
    access::{Opens, confirm},
    clinic::{ClinicError, prescription::DRAFT_MS},
    graph::{
        Answer, Can,
        can::{can, opens},
        nouns::Prescription,
        session,
    },
    keyring::SystemKey,
    ledger::{Draft as Entry, Outcome},
    vault::payload::{PrescriptionBody, PrescriptionProgress},
};

crate::action! {
    /// Issues a drafted prescription.
    Issue = "ISSUE_PRESCRIPTION" for "TREAT" by Doctor else NotFound
}

impl Opens<PrescriptionBody> for Issue {}

/// What was signed, in typed fields: from them the server rebuilds the text.
#[derive(InputObject)]
pub struct IssuePrescriptionInput {
    /// The draft's id.
    id: Uuid,
    /// The medicine's code in the catalogue. Name, strength and form in the text are the catalogue's.
    medicine_code: String,
    /// Units prescribed, at least 1.
    quantity: u32,
    /// How to take it.
    dosage: String,
    /// RSASSA-PKCS1-v1_5 with SHA-256 over the canonical text, base64.
    signature: String,
}

/// The mutation.
#[derive(Default)]
pub(super) struct IssuePrescription;

#[Object]
impl IssuePrescription {
    /// Issues a drafted prescription with your signature over its canonical text. A retry after a lost answer finds it
    /// issued, byte for byte.
    #[graphql(guard = "Can::<Issue>::new()", directive = can::apply("ISSUE_PRESCRIPTION".to_owned()),
        directive = opens::apply("PrescriptionBody".to_owned()))]
    async fn issue_prescription(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was signed.")] input: IssuePrescriptionInput,
    ) -> Answer<Prescription> {
        let (world, actor) = (session::world(ctx)?, session::actor(ctx)?);
        let row = world.clinic.prescription(input.id).await?.ok_or(ClinicError::NotFound)?;
        let facts =
            world.clinic.facts(actor, &[row.patient_id]).await?.remove(&row.patient_id).unwrap_or_default();
        let ask = world.clinic.ask_prescription(&row, &facts)?;
        let permit = world.desk.authorize::<Issue>(actor, ask.resource, ask.facts).await?;
        let page = world.vault.page([row.patient_id]).await?;
        let draft = page.open::<Issue, PrescriptionBody>(&row.body, &permit)?;
        let signature = STANDARD
            .decode(&input.signature)
            .map_err(|_| ClinicError::Input { field: "signature", problem: "is not base64".to_owned() })?;
        let PrescriptionBody::Draft { key_id, issued_at, expires_at, nonce } = &*draft else {
            return match &*draft {
                PrescriptionBody::Signed { signature: known, .. } if *known == signature => {
                    Ok(Prescription::new(&row, &draft, world.now_ms()))
                }
                _ => Err(ClinicError::DraftClosed.into()),
            };
        };
        if row.created_ms + DRAFT_MS < world.now_ms() {
            return Err(ClinicError::DraftClosed.into());
        }
        let medicine = world.clinic.medicine(&input.medicine_code).await?;
        let text = signed_text::Prescription {
            id: row.id.to_string(),
            patient: row.patient_id.to_string(),
            prescriber: actor.account().to_string(),
            key_id: key_id.clone(),
            issued_at: issued_at.clone(),
            expires_at: expires_at.clone(),
            nonce: nonce.clone(),
            medicine: MedicineText {
                code: medicine.code.clone(),
                name: medicine.name.clone(),
                strength: medicine.strength.clone(),
                form: medicine.form.clone(),
            },
            quantity: input.quantity,
            dosage: input.dosage,
        }
        .text()
        .map_err(|refused| ClinicError::Input { field: "input", problem: refused.to_string() })?;
        world.clinic.verify_own(actor, key_id, &text, &signature).await?;

        let (keyring, key, policy) = (&world.keyring, page.key(row.patient_id)?, &permit.resource().policy);
        let text_tag = keyring.mac(SystemKey::Lookup, text.as_bytes()).to_vec();
        let next = row.version + 1;
        let progress = PrescriptionProgress { prescribed: input.quantity, dispensed: 0 };
        let progress = keyring.seal_for(&key, policy, row.id, next, &progress)?;
        let signed = PrescriptionBody::Signed { text, signature };
        let body = keyring.seal_for(&key, policy, row.id, next, &signed)?;
        let entry = Entry::new(actor.by(), "PRESCRIPTION_ISSUED", Outcome::Done)
            .of(key, "TREAT")
            .with("prescription", row.id);
        let facts = permit.facts().to_vec();
        let issued = world
            .write("issue prescription", move |tx| {
                let (row, entry, facts) = (row.clone(), entry.clone(), facts.clone());
                let (text_tag, progress, body) = (text_tag.clone(), progress.clone(), body.clone());
                Box::pin(async move {
                    confirm(tx, &facts).await?;
                    let change = |next: &mut prescription::Model| {
                        next.status = PrescriptionStatus::Issued;
                        next.text_tag = Some(text_tag);
                        next.progress = progress;
                        next.body = body;
                    };
                    let issued = tx.update(&row, change).await.map_err(ClinicError::or_replay)?;
                    tx.append(entry);
                    Ok::<_, ClinicError>(issued.into_inner())
                })
            })
            .await?
            .value;
        Ok(Prescription::new(&issued, &signed, world.now_ms()))
    }
}

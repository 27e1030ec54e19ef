//! The prescription: its state machine, its policy, and its verification, live, before anything is handed over.
//!
//! ```text
//! draft (15 minutes) -> issued -> partly dispensed -> dispensed
//!                          └----------└---> cancelled | expired (by its date, not by a write)
//! ```

use crypto::signed_text;
use entity::{PrescriptionStatus, prescription};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::{Clinic, ClinicError};
use crate::{
    access::{Ask, FactVersion, Facts, Opens, Permit, Policy, Resource},
    identity::{Actor, IdentityError, SigningKey},
    keyring::Checked,
    vault::{
        Opened, Page, Verified,
        payload::{PrescriptionBody, PrescriptionHeader, PrescriptionProgress},
    },
};

/// How long a draft waits for its signature.
pub const DRAFT_MS: i64 = 15 * 60 * 1000;

/// What was looked at, and how each step ended.
pub struct Verdict {
    /// In the order in which they were taken; the steps after a failed one are not taken.
    pub steps: Vec<Step>,
    /// The verified text, where every step held.
    pub verified: Option<Verified<signed_text::Prescription>>,
    /// The prescriber's key as it was then: to be confirmed where something is written upon the verdict.
    pub facts: Vec<FactVersion>,
}

/// A prescription that somebody may read, opened for them.
pub type Read = (Checked<prescription::Model>, Opened<PrescriptionBody>);

/// One step of a verdict.
#[derive(Clone, Debug)]
pub struct Step {
    /// What was asked.
    pub name: &'static str,
    /// Whether it held.
    pub holds: bool,
    /// What was seen: ids and indexes, no clinical word.
    pub seen: String,
}

/// A prescription's policy unless its prescriber narrows it: the admin is never in it.
#[must_use]
pub fn default_policy(patient: Uuid) -> String {
    format!("role:doctor OR role:pharmacist OR user_id:{patient}")
}

/// Whether it may be dispensed in this state at this time.
///
/// # Errors
/// The state's own error.
pub fn dispensable(row: &prescription::Model, now_ms: i64) -> Result<(), ClinicError> {
    match row.status {
        PrescriptionStatus::Issued | PrescriptionStatus::PartlyDispensed if row.expires_ms <= now_ms => {
            Err(ClinicError::Expired)
        }
        PrescriptionStatus::Issued | PrescriptionStatus::PartlyDispensed => Ok(()),
        PrescriptionStatus::Dispensed => Err(ClinicError::AlreadyDispensed),
        PrescriptionStatus::Cancelled => Err(ClinicError::Cancelled),
        PrescriptionStatus::Draft | PrescriptionStatus::Historical => Err(ClinicError::NotIssued),
    }
}

/// The progress and state after dispensing `quantity` more.
///
/// # Errors
/// [`ClinicError::QuantityExceeded`].
pub fn dispensed(
    progress: PrescriptionProgress,
    quantity: u32,
) -> Result<(PrescriptionProgress, PrescriptionStatus), ClinicError> {
    let left = progress.prescribed.saturating_sub(progress.dispensed);
    if quantity == 0 || quantity > left {
        return Err(ClinicError::QuantityExceeded { left });
    }
    let status =
        if quantity == left { PrescriptionStatus::Dispensed } else { PrescriptionStatus::PartlyDispensed };
    Ok((PrescriptionProgress { dispensed: progress.dispensed + quantity, ..progress }, status))
}

impl Clinic {
    /// A prescription's row, proven to be the newest the ledger knows.
    ///
    /// # Errors
    /// As of the database; an integrity violation where it was edited or rolled back.
    pub async fn prescription(&self, id: Uuid) -> Result<Option<Checked<prescription::Model>>, ClinicError> {
        Ok(self.held(prescription::Entity::find_by_id(id)).await?.pop())
    }

    /// A page of prescriptions that still wait for a pharmacist, oldest first.
    ///
    /// # Errors
    /// As [`Clinic::prescription`].
    pub async fn waiting(
        &self,
        after: super::record::After,
        limit: u64,
    ) -> Result<Vec<Checked<prescription::Model>>, ClinicError> {
        let waiting = [PrescriptionStatus::Issued, PrescriptionStatus::PartlyDispensed];
        let mut query = prescription::Entity::find()
            .filter(prescription::Column::Status.is_in(waiting))
            .filter(prescription::Column::ExpiresMs.gt(self.keyring.around().now_ms()))
            .order_by_asc(prescription::Column::CreatedMs)
            .order_by_asc(prescription::Column::Id)
            .limit(limit);
        if let Some((created_ms, id)) = after {
            let same = Condition::all()
                .add(prescription::Column::CreatedMs.eq(created_ms))
                .add(prescription::Column::Id.gt(id));
            query =
                query.filter(Condition::any().add(prescription::Column::CreatedMs.gt(created_ms)).add(same));
        }
        self.held(query).await
    }

    /// A page of one patient's prescriptions, newest first.
    ///
    /// # Errors
    /// As [`Clinic::prescription`].
    pub async fn prescriptions_of(
        &self,
        patient: Uuid,
        after: super::record::After,
        limit: u64,
    ) -> Result<Vec<Checked<prescription::Model>>, ClinicError> {
        let mut query = prescription::Entity::find()
            .filter(prescription::Column::PatientId.eq(patient))
            .filter(prescription::Column::Status.ne(PrescriptionStatus::Draft))
            .order_by_desc(prescription::Column::CreatedMs)
            .order_by_desc(prescription::Column::Id)
            .limit(limit);
        if let Some((created_ms, id)) = after {
            let same = Condition::all()
                .add(prescription::Column::CreatedMs.eq(created_ms))
                .add(prescription::Column::Id.lt(id));
            query =
                query.filter(Condition::any().add(prescription::Column::CreatedMs.lt(created_ms)).add(same));
        }
        self.held(query).await
    }

    /// A page of one patient's prescriptions that rules and their own policies permit, opened, newest first; and whether
    /// there may be more.
    ///
    /// # Errors
    /// As of the desk; an integrity violation where a row was tampered with.
    pub async fn read_prescriptions<A>(
        &self,
        actor: &Actor,
        patient: Uuid,
        facts: &Facts,
        after: super::record::After,
        limit: u64,
    ) -> Result<(Vec<Read>, bool), ClinicError>
    where
        A: Opens<PrescriptionBody>,
    {
        let rows = self.prescriptions_of(patient, after, limit).await?;
        let more = rows.len() as u64 == limit;
        let asks = rows.iter().map(|row| self.ask_prescription(row, facts)).collect::<Result<Vec<_>, _>>()?;
        let permits = self.desk_of::<A>(actor, asks).await?;
        let page = self.vault.page([patient]).await?;
        let mut read = Vec::with_capacity(rows.len());
        for (row, permit) in rows.into_iter().zip(permits) {
            let Some(permit) = permit else { continue };
            let body = page.open(&row.body, &permit)?;
            read.push((row, body));
        }
        Ok((read, more))
    }

    /// What to ask the desk for. The header is opened for deciding, before anything under the patient's key; a policy
    /// that can't be parsed holds for nobody.
    ///
    /// # Errors
    /// An integrity violation where the header does not open.
    pub fn ask_prescription(
        &self,
        row: &Checked<prescription::Model>,
        facts: &Facts,
    ) -> Result<Ask, ClinicError> {
        let header: PrescriptionHeader = self.vault.header(row.id, row.version, &row.header)?;
        let mut facts = facts.clone();
        facts.patient = Some(row.patient_id);
        facts.author = Some(row.prescriber_id);
        match header.policy.parse::<Policy>() {
            Ok(policy) => facts.policy = Some(policy),
            Err(_) => facts = Facts::default(),
        }
        let resource = Resource {
            table: "prescription",
            row: row.id,
            version: row.version,
            patient: Some(row.patient_id),
            policy: header.policy,
        };
        Ok(Ask { resource, facts })
    }

    /// Verifies step by step: is it signed, does the text say what the row says, whose key is it, was that key valid when
    /// the prescription entered the ledger and not revoked for it since, does the signature fit.
    ///
    /// # Errors
    /// As of the database and the keyring. What does not hold is in the verdict.
    pub async fn verdict<A>(
        &self,
        row: &Checked<prescription::Model>,
        permit: &Permit<A>,
        page: &Page,
    ) -> Result<Verdict, ClinicError>
    where
        A: Opens<PrescriptionBody>,
    {
        let mut steps = Vec::new();
        let body = page.open::<A, PrescriptionBody>(&row.body, permit)?;
        let text = match &*body {
            PrescriptionBody::Signed { text, .. } => {
                <signed_text::Prescription as signed_text::SignedText>::parse(text).ok()
            }
            _ => None,
        };
        steps.push(step("signed", text.is_some(), "a canonical text with a signature"));
        let failed = |steps| Ok(Verdict { steps, verified: None, facts: Vec::new() });
        let Some(text) = text else { return failed(steps) };

        let key = self.key(&text.key_id).await?;
        let own = key.as_ref().is_some_and(|key| key.account == row.prescriber_id);
        steps.push(step("prescriber's key", own, &format!("key {}", text.key_id)));
        let Some(key) = key.filter(|_| own) else { return failed(steps) };

        // Issuing is version 2 of the row: version 1 is the draft.
        let issued = self.ledger.index_of("prescription", row.id, 2).await?;
        let valid = issued.is_some_and(|index| key.valid_at(index));
        steps.push(step("key valid when issued", valid, &seen(issued, &key)));

        let verified = self.vault.verify(&body, permit, row.prescriber_id, row.expires_ms, &key.public);
        let seen = verified
            .as_ref()
            .err()
            .map_or_else(|| "every field, then the signature".to_owned(), ToString::to_string);
        steps.push(step("text and signature", verified.is_ok(), &seen));
        let facts = vec![FactVersion { table: "signing_key", id: key.id, version: key.version }];
        Ok(Verdict { verified: verified.ok().filter(|_| valid), steps, facts })
    }

    /// Verifies what the actor signed just now: the key is their own and in use, and the signature fits the text that was
    /// rebuilt from the input.
    ///
    /// # Errors
    /// [`ClinicError::KeyNotValid`], [`ClinicError::Signature`].
    pub async fn verify_own(
        &self,
        actor: &Actor,
        key_id: &str,
        text: &str,
        signature: &[u8],
    ) -> Result<(), ClinicError> {
        let own = self.key(key_id).await?.filter(|key| key.account == actor.account() && key.until.is_none());
        let key = own.ok_or(ClinicError::KeyNotValid)?;
        key.public.verify(text.as_bytes(), signature).map_err(|_| crate::vault::SignatureFault::Invalid)?;
        Ok(())
    }

    /// Id of the key that the actor signs with now.
    ///
    /// # Errors
    /// [`ClinicError::KeyNotValid`] where there is none.
    pub async fn own_key_id(&self, actor: &Actor) -> Result<String, ClinicError> {
        let keys = self.identity.keys_of(actor.account()).await?;
        let own = keys.iter().find(|key| key.until.is_none()).ok_or(ClinicError::KeyNotValid)?;
        Ok(own.public.key_id())
    }

    async fn key(&self, key_id: &str) -> Result<Option<SigningKey>, ClinicError> {
        match self.identity.signing_key(key_id).await {
            Ok(key) => Ok(Some(key)),
            Err(IdentityError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Verdict {
    /// The verified text, or the reason why there is none.
    ///
    /// # Errors
    /// [`ClinicError::KeyNotValid`], [`ClinicError::Signature`], [`ClinicError::NotIssued`].
    pub fn require(self) -> Result<Verified<signed_text::Prescription>, ClinicError> {
        let failed = self.steps.iter().find(|step| !step.holds).map(|step| step.name);
        self.verified.ok_or(match failed {
            Some("signed") => ClinicError::NotIssued,
            Some("text and signature") => ClinicError::Signature(crate::vault::SignatureFault::Invalid),
            _ => ClinicError::KeyNotValid,
        })
    }
}

fn step(name: &'static str, holds: bool, seen: &str) -> Step {
    Step { name, holds, seen: seen.to_owned() }
}

fn seen(issued: Option<i64>, key: &SigningKey) -> String {
    let issued = issued.map_or_else(|| "never issued".to_owned(), |index| format!("issued at entry {index}"));
    let until = key.until.map_or_else(|| "on".to_owned(), |index| format!("until entry {index}"));
    format!("{issued}; key valid from entry {} {until}", key.since)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_more_than_prescribed_is_dispensed(prescribed in 1u32..1000, parts in prop::collection::vec(0u32..400, 0..20)) {
            let mut progress = PrescriptionProgress { prescribed, dispensed: 0 };
            for part in parts {
                let before = progress.dispensed;
                match dispensed(progress, part) {
                    Ok((next, status)) => {
                        prop_assert_eq!(next.dispensed, before + part);
                        prop_assert!(next.dispensed <= prescribed);
                        prop_assert_eq!(status == PrescriptionStatus::Dispensed, next.dispensed == prescribed);
                        progress = next;
                    }
                    Err(ClinicError::QuantityExceeded { left }) => prop_assert!(part == 0 || part > left),
                    Err(other) => prop_assert!(false, "{}", other),
                }
            }
        }
    }
}

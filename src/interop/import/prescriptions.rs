//! Prescriptions become history, which is never dispensed as it is: they carry no signature. Their drugs enter the catalogue
//! as historical where it does not have them.

use entity::{PrescriptionStatus, prescription};

use super::{
    compose::{Composer, NotTaken, Outcome, Why, iso},
    fhir::{Kind, item},
    visits::joined,
};
use crate::{
    clinic::{medicine, prescription::default_policy},
    keyring::KeyringError,
    vault::payload::{MedicineBody, PrescriptionBody, PrescriptionHeader, PrescriptionProgress},
};

impl Composer<'_> {
    pub(super) fn medication(&mut self, it: &item::Medication) -> Result<Outcome, NotTaken> {
        let id = self.id(Kind::MedicationRequest.name(), &it.source_id);
        if self.there.has(id) {
            return Ok(Outcome::AlreadyThere);
        }
        let key = self.key_of(&it.patient)?;
        self.visit(it.encounter.as_ref())?;
        let requester = it.requester.as_ref().ok_or(Why::NoPrescriber)?;
        let prescriber = self.account(requester).ok_or(Why::UnknownPractitioner)?;
        let body = PrescriptionBody::Historical {
            drug: it.drug.words().to_owned(),
            code: it.drug.code.clone(),
            dosage: dosage(it),
            status: it.status.clone(),
            requester: Some(prescriber.to_string()),
            authored_on: Some(iso(it.authored_on)),
        };
        let keyring = &self.world.keyring;
        let header = PrescriptionHeader { policy: default_policy(key.patient()) };
        let authored_ms = it.authored_on.timestamp_millis();
        self.rows.prescriptions.push(prescription::Model {
            id,
            patient_id: key.patient(),
            prescriber_id: prescriber,
            status: PrescriptionStatus::Historical,
            header: keyring.seal(id, 1, &header)?,
            body: keyring.seal_for(&key, &header.policy, id, 1, &body)?,
            progress: keyring.seal_for(
                &key,
                &header.policy,
                id,
                1,
                &PrescriptionProgress { prescribed: 0, dispensed: 0 },
            )?,
            text_tag: None,
            created_ms: authored_ms,
            // History is over; how long the supply lasted would be readable here.
            expires_ms: authored_ms,
            version: 1,
            tag: Vec::new(),
        });
        self.drug(it)?;
        Ok(Outcome::Taken)
    }

    /// The drug, once a batch. Its code is the terminology's, or else its name.
    fn drug(&mut self, it: &item::Medication) -> Result<(), KeyringError> {
        let code = it.drug.code.as_deref().unwrap_or_else(|| it.drug.words()).trim().to_lowercase();
        if self.rows.medicines.iter().any(|(known, _)| *known == code) {
            return Ok(());
        }
        let (strength, form) = (String::new(), String::new());
        let name = it.drug.words().to_owned();
        let body = MedicineBody { code: code.clone(), name, strength, form, price_cents: None };
        let row = medicine::row(&self.world.keyring, self.id("medicine", &code), &body, true)?;
        self.rows.medicines.push((code, row));
        Ok(())
    }
}

/// How to take it and how much was supplied, in words.
fn dosage(it: &item::Medication) -> Option<String> {
    joined([
        it.dosage.clone().or_else(|| it.dose.clone()),
        it.quantity.as_ref().map(|quantity| format!("{quantity} at a time")),
        it.days.map(|days| format!("for {days} days")),
        it.repeats.filter(|repeats| *repeats > 0).map(|repeats| format!("{repeats} repeats")),
    ])
}

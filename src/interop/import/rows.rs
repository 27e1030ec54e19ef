//! The rows of a batch, and their transaction.

use std::collections::HashSet;

use entity::{care_relation, medical_record, medicine, patient, prescription, vital};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use uuid::Uuid;

use super::{ImportError, fhir::Kind};
use crate::{
    clinic,
    identity::NewUser,
    ledger::{By, Draft, Outcome, Tx},
    world::World,
};

/// See the module.
#[derive(Clone, Default)]
pub(super) struct Rows {
    /// How many resources they are made of.
    pub(super) taken: usize,
    pub(super) users: Vec<NewUser>,
    pub(super) patients: Vec<patient::Model>,
    /// Written where patient and account are not so related yet.
    pub(super) relations: Vec<care_relation::Model>,
    pub(super) records: Vec<medical_record::Model>,
    /// Drugs by code, written where the catalogue does not have them.
    pub(super) medicines: Vec<(String, medicine::Model)>,
    pub(super) prescriptions: Vec<prescription::Model>,
    /// In no epoch yet: it is known in the transaction only.
    pub(super) vitals: Vec<vital::Model>,
}

impl Rows {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.taken == 0
    }

    /// Writes everything, and the entry that stands for it.
    ///
    /// # Errors
    /// As of the rooms; nothing is then written.
    pub(super) async fn write(mut self, world: &World, kind: Kind, tx: &mut Tx) -> Result<(), ImportError> {
        self.leave_known_relations(tx).await?;
        self.leave_known_medicines(world, tx).await?;
        if !self.vitals.is_empty() {
            let epoch = world.statistics.open_epoch(tx).await?;
            self.vitals.iter_mut().for_each(|vital| vital.epoch = epoch);
        }
        let draft = Draft::new(By::System, "IMPORTED", Outcome::Done)
            .with("resource", kind.name())
            .with("resources", self.taken)
            .with("accounts", self.users.len())
            .with("patients", self.patients.len())
            .with("relations", self.relations.len())
            .with("records", self.records.len())
            .with("vitals", self.vitals.len())
            .with("medicines", self.medicines.len())
            .with("prescriptions", self.prescriptions.len());
        world.identity.create_all(tx, &self.users).await?;
        tx.insert_all(self.patients).await?;
        tx.insert_all(self.relations).await?;
        tx.insert_all(self.records).await?;
        tx.insert_all(self.vitals).await?;
        tx.insert_all(self.medicines.into_iter().map(|(_, row)| row).collect()).await?;
        tx.insert_all(self.prescriptions).await?;
        tx.append(draft);
        Ok(())
    }

    /// One relation of a kind per patient and account, however many visits there were, whoever made it.
    async fn leave_known_relations(&mut self, tx: &Tx) -> Result<(), ImportError> {
        use care_relation::Column;
        if self.relations.is_empty() {
            return Ok(());
        }
        let patients: HashSet<Uuid> = self.relations.iter().map(|row| row.patient_id).collect();
        let known = care_relation::Entity::find()
            .select_only()
            .columns([Column::PatientId, Column::AccountId])
            .filter(Column::PatientId.is_in(patients))
            .filter(Column::Kind.eq(clinic::care::TREATING));
        let known: HashSet<(Uuid, Uuid)> =
            known.into_tuple().all(tx.connection()).await?.into_iter().collect();
        self.relations.retain(|row| !known.contains(&(row.patient_id, row.account_id)));
        Ok(())
    }

    async fn leave_known_medicines(&mut self, world: &World, tx: &Tx) -> Result<(), ImportError> {
        if self.medicines.is_empty() {
            return Ok(());
        }
        let codes: Vec<&str> = self.medicines.iter().map(|(code, _)| code.as_str()).collect();
        let mut known = clinic::medicine::known(tx.connection(), &world.keyring, &codes).await?.into_iter();
        self.medicines.retain(|_| !known.next().unwrap_or_default());
        Ok(())
    }
}

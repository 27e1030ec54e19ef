//! Patients, and who treats them.

use std::collections::{HashMap, HashSet};

use entity::{care_relation, patient};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::{Clinic, ClinicError};
use crate::{
    access::{Ask, Facts, Resource},
    identity::Actor,
    keyring::Checked,
};

impl Clinic {
    /// A patient's row, if there is one.
    ///
    /// # Errors
    /// As of the database; an integrity violation where it was tampered with.
    pub async fn patient(&self, id: Uuid) -> Result<Option<Checked<patient::Model>>, ClinicError> {
        Ok(self.held(patient::Entity::find_by_id(id)).await?.pop())
    }

    /// Several patients' rows, by id.
    ///
    /// # Errors
    /// As [`Clinic::patient`].
    pub async fn patients(
        &self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Checked<patient::Model>>, ClinicError> {
        let wanted = patient::Column::Id.is_in(ids.iter().copied());
        let rows: Vec<Checked<patient::Model>> = self.held(patient::Entity::find().filter(wanted)).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// A page of the patients whom this actor treats now, by id: up to `limit` with an id after `after`.
    ///
    /// # Errors
    /// As of the database; an integrity violation where a relation was tampered with.
    pub async fn treated_by(
        &self,
        actor: &Actor,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Uuid>, ClinicError> {
        let mut query = care_relation::Entity::find()
            .filter(care_relation::Column::AccountId.eq(actor.account()))
            .filter(self.in_force())
            .order_by_asc(care_relation::Column::PatientId)
            .limit(limit);
        if let Some(after) = after {
            query = query.filter(care_relation::Column::PatientId.gt(after));
        }
        let rows: Vec<Checked<care_relation::Model>> = self.held(query).await?;
        let mut patients: Vec<Uuid> = rows.iter().map(|row| row.patient_id).collect();
        patients.dedup();
        Ok(patients)
    }

    /// What is to be known for deciding about these patients and this actor: whether the actor treats each, in one query.
    ///
    /// # Errors
    /// As [`Clinic::treated_by`].
    pub async fn facts(&self, actor: &Actor, patients: &[Uuid]) -> Result<HashMap<Uuid, Facts>, ClinicError> {
        let relations = care_relation::Entity::find()
            .filter(care_relation::Column::AccountId.eq(actor.account()))
            .filter(care_relation::Column::PatientId.is_in(patients.iter().copied()))
            .filter(self.in_force());
        let relations: Vec<Checked<care_relation::Model>> = self.held(relations).await?;
        let distinct: HashSet<Uuid> = patients.iter().copied().collect();
        let facts = distinct.into_iter().map(|id| {
            let own = relations.iter().find(|row| row.patient_id == id);
            let mut facts = Facts::of_patient(id);
            facts.treats = Some(own.is_some());
            match own {
                Some(row) => (id, facts.resting_on("care_relation", row.id, row.version)),
                None => (id, facts),
            }
        });
        Ok(facts.collect())
    }

    /// Asks to open a patient's own row. A patient that does not exist asks for a row of that id, so that who may not
    /// know gets the same answer, at the same cost, as for one that does.
    ///
    /// # Errors
    /// As [`Clinic::facts`].
    pub async fn ask_patient(
        &self,
        actor: &Actor,
        id: Uuid,
        row: Option<&patient::Model>,
    ) -> Result<Ask, ClinicError> {
        let mut facts = self.facts(actor, &[id]).await?.remove(&id).unwrap_or_default();
        if row.is_none() {
            facts.patient = None;
            facts.treats = Some(false);
        }
        let version = row.map_or(1, |row| row.version);
        Ok(Ask {
            resource: Resource {
                table: "patient",
                row: id,
                version,
                patient: Some(id),
                policy: String::new(),
            },
            facts,
        })
    }

    /// The same for a row that was loaded with its facts.
    #[must_use]
    pub fn ask_known(&self, row: &patient::Model, facts: Option<&Facts>) -> Ask {
        let resource = Resource {
            table: "patient",
            row: row.id,
            version: row.version,
            patient: Some(row.id),
            policy: String::new(),
        };
        Ask { resource, facts: facts.cloned().unwrap_or_default() }
    }

    fn in_force(&self) -> Condition {
        let now = self.keyring.around().now_ms();
        Condition::all().add(care_relation::Column::SinceMs.lte(now)).add(
            Condition::any()
                .add(care_relation::Column::UntilMs.is_null())
                .add(care_relation::Column::UntilMs.gt(now)),
        )
    }
}

//! Medical records: a sealed header for deciding, and a body for who was permitted.

use entity::medical_record;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::{Clinic, ClinicError};
use crate::{
    access::{Action, Ask, Facts, Opens, Permit, Policy, Resource},
    identity::Actor,
    keyring::Checked,
    vault::{
        Opened,
        payload::{RecordBody, RecordCategory, RecordHeader},
    },
};

/// A record that somebody may read, opened for them.
pub struct Record {
    /// Its row.
    pub row: Checked<medical_record::Model>,
    /// What kind it is.
    pub category: RecordCategory,
    /// What it says.
    pub body: Opened<RecordBody>,
}

/// Where a page begins: after the record of that time and id, newest first.
pub type After = Option<(i64, Uuid)>;

impl Clinic {
    /// One page of a patient's records, newest first: up to `limit` rows are looked at, and those that rules and their own
    /// policies permit are opened; and whether there may be more. A constant number of statements and one ledger commit.
    ///
    /// # Errors
    /// As of the desk; an integrity violation where a row was tampered with.
    pub async fn records<A>(
        &self,
        actor: &Actor,
        patient: Uuid,
        facts: &Facts,
        after: After,
        limit: u64,
    ) -> Result<(Vec<Record>, bool), ClinicError>
    where
        A: Opens<RecordBody>,
    {
        let mut query = medical_record::Entity::find()
            .filter(medical_record::Column::PatientId.eq(patient))
            .order_by_desc(medical_record::Column::RecordedMs)
            .order_by_desc(medical_record::Column::Id)
            .limit(limit);
        if let Some((recorded_ms, id)) = after {
            let older = medical_record::Column::RecordedMs.lt(recorded_ms);
            let same = Condition::all()
                .add(medical_record::Column::RecordedMs.eq(recorded_ms))
                .add(medical_record::Column::Id.lt(id));
            query = query.filter(Condition::any().add(older).add(same));
        }
        let rows = self.held::<medical_record::Model>(query).await?;
        let more = rows.len() as u64 == limit;
        let headers = rows
            .iter()
            .map(|row| self.vault.header::<RecordHeader>(row.id, row.version, &row.header))
            .collect::<Result<Vec<_>, _>>()?;
        let asks = rows.iter().zip(&headers).map(|(row, header)| ask(row, header, facts)).collect();
        let desk = self.desk_of::<A>(actor, asks).await?;
        let page = self.vault.page([patient]).await?;
        let mut records = Vec::with_capacity(rows.len());
        for ((row, header), permit) in rows.into_iter().zip(headers).zip(desk) {
            let Some(permit) = permit else { continue };
            let body = page.open(&row.body, &permit)?;
            records.push(Record { row, category: header.category, body });
        }
        Ok((records, more))
    }

    pub(super) async fn desk_of<A: Action>(
        &self,
        actor: &Actor,
        asks: Vec<Ask>,
    ) -> Result<Vec<Option<Permit<A>>>, ClinicError> {
        Ok(self.desk.authorize_many::<A>(actor, asks).await?.into_iter().map(Result::ok).collect())
    }
}

/// A policy that can't be parsed holds for nobody.
fn ask(row: &medical_record::Model, header: &RecordHeader, facts: &Facts) -> Ask {
    let mut facts = facts.clone();
    facts.author = row.author_id;
    if !header.policy.is_empty() {
        match header.policy.parse::<Policy>() {
            Ok(policy) => facts.policy = Some(policy),
            Err(_) => facts = Facts::default(),
        }
    }
    let resource = Resource {
        table: "medical_record",
        row: row.id,
        version: row.version,
        patient: Some(row.patient_id),
        policy: header.policy.clone(),
    };
    Ask { resource, facts }
}

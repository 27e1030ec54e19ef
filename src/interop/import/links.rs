//! What the resources of a batch are and refer to, by blind id, and which of it is there: some statements per batch.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use entity::{account, medical_record, patient, prescription, vital};
use sea_orm::{
    ConnectionTrait, EntityTrait, QueryFilter as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};
use uuid::Uuid;

use super::{
    ImportError, blind,
    fhir::{
        Kind,
        item::{Item, ObservationKind, Reading},
    },
    staff,
};
use crate::{
    clinic::metric::Metric,
    identity::Username,
    keyring::{Keyring, PatientKey},
    world::World,
};

/// Ids of one statement.
const PAGE: usize = 500;

/// What is there of all that a batch names.
pub(super) struct There {
    /// Ids of rows, whatever the table: blind ids of different things differ.
    rows: HashSet<Uuid>,
    /// Keys of the patients named; new patients have theirs by now.
    keys: HashMap<Uuid, Arc<PatientKey>>,
    /// User names in question that are somebody's.
    usernames: HashSet<String>,
}

impl There {
    /// Looks everything up that `items` name.
    ///
    /// # Errors
    /// Of the databases.
    pub(super) async fn look(world: &World, kind: Kind, items: &[(u64, Item)]) -> Result<Self, ImportError> {
        let mut named = Named::default();
        for (_, item) in items {
            named.add(&world.keyring, item);
        }
        let (read, mut rows) = (world.store.read(), HashSet::new());
        rows.extend(there::<patient::Entity>(read, &named.patients).await?);
        let keyed: Vec<Uuid> = if kind == Kind::Patient {
            // The new ones. Keys come before rows: a row without its key could never be read.
            let new: Vec<Uuid> = named.patients.difference(&rows).copied().collect();
            world.keyring.create_patients(&new).await?;
            new
        } else {
            rows.iter().copied().collect()
        };
        let keys =
            world.keyring.patients(&keyed).await?.into_iter().map(|(id, key)| (id, Arc::new(key))).collect();
        rows.extend(there::<account::Entity>(read, &named.accounts).await?);
        rows.extend(there::<medical_record::Entity>(read, &named.records).await?);
        rows.extend(there::<vital::Entity>(read, &named.vitals).await?);
        rows.extend(there::<prescription::Entity>(read, &named.prescriptions).await?);
        let usernames = taken(world, items, &rows).await?;
        Ok(Self { rows, keys, usernames })
    }

    /// Whether there is a row of that id.
    pub(super) fn has(&self, id: Uuid) -> bool {
        self.rows.contains(&id)
    }

    /// The patient's key, if they have one.
    pub(super) fn key(&self, patient: Uuid) -> Option<Arc<PatientKey>> {
        self.keys.get(&patient).cloned()
    }

    /// Takes a user name that nobody has; false if somebody has it.
    pub(super) fn take_username(&mut self, name: &Username) -> bool {
        self.usernames.insert(name.as_str().to_owned())
    }
}

/// Ids by table.
#[derive(Default)]
struct Named {
    patients: HashSet<Uuid>,
    accounts: HashSet<Uuid>,
    records: HashSet<Uuid>,
    vitals: HashSet<Uuid>,
    prescriptions: HashSet<Uuid>,
}

impl Named {
    fn add(&mut self, keyring: &Keyring, item: &Item) {
        let id = |what: Kind, source_id: &str| blind(keyring, what.name(), source_id);
        let patient = |source_id: &str| id(Kind::Patient, source_id);
        let visit = |source_id: &String| id(Kind::Encounter, source_id);
        let account = |source_id: &String| id(Kind::Practitioner, source_id);
        match item {
            Item::Organization(_) => {}
            Item::Practitioner(it) => drop(self.accounts.insert(account(&it.source_id))),
            Item::PractitionerRole(it) => drop(self.accounts.insert(account(&it.practitioner))),
            Item::Patient(it) => drop(self.patients.insert(patient(&it.source_id))),
            Item::Encounter(it) => {
                self.records.insert(visit(&it.source_id));
                self.patients.insert(patient(&it.patient));
                self.accounts.extend(it.participants.iter().map(|who| account(&who.practitioner)));
            }
            Item::Condition(it) => {
                self.records.insert(id(Kind::Condition, &it.source_id));
                self.records.extend(it.encounter.as_ref().map(visit));
                self.patients.insert(patient(&it.patient));
            }
            Item::Observation(it) => {
                self.records.insert(id(Kind::Observation, &it.source_id));
                if let ObservationKind::Vitals { readings, .. } = &it.kind {
                    let vital = |reading: &Reading| vital_id(keyring, &it.source_id, reading.metric);
                    self.vitals.extend(readings.iter().map(vital));
                }
                self.records.extend(it.encounter.as_ref().map(visit));
                self.patients.insert(patient(&it.patient));
            }
            Item::Medication(it) => {
                self.prescriptions.insert(id(Kind::MedicationRequest, &it.source_id));
                self.records.extend(it.encounter.as_ref().map(visit));
                self.patients.insert(patient(&it.patient));
                self.accounts.extend(it.requester.as_ref().map(account));
            }
        }
    }
}

/// The id of one metric's value of an observation.
pub(super) fn vital_id(keyring: &Keyring, source_id: &str, metric: Metric) -> Uuid {
    blind(keyring, metric.loinc(), source_id)
}

async fn there<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    ids: &HashSet<Uuid>,
) -> Result<Vec<Uuid>, ImportError> {
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    let mut found = Vec::new();
    for page in ids.chunks(PAGE) {
        let wanted = Expr::col("id").is_in(page.iter().copied());
        let query = E::find().select_only().expr_as(Expr::col("id"), "id").filter(wanted);
        found.extend(query.into_tuple::<Uuid>().all(connection).await?);
    }
    Ok(found)
}

/// The user names of new staff that are somebody's already. Staff are few.
async fn taken(
    world: &World,
    items: &[(u64, Item)],
    rows: &HashSet<Uuid>,
) -> Result<HashSet<String>, ImportError> {
    let mut taken = HashSet::new();
    for (_, item) in items {
        let Item::Practitioner(it) = item else { continue };
        let Ok(name) = staff::username(it) else { continue };
        let is_new = !rows.contains(&blind(&world.keyring, Kind::Practitioner.name(), &it.source_id));
        if is_new && world.identity.find_user(&name).await?.is_some() {
            taken.insert(name.as_str().to_owned());
        }
    }
    Ok(taken)
}

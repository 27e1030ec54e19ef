//! The patient: their own profile, records and prescriptions, and who looked at them.

pub mod access_log;
pub mod prescriptions;
pub mod profile;
pub mod records;

use async_graphql::MergedObject;
use entity::Role;
use uuid::Uuid;

use crate::{
    access::{Facts, Rule, allow},
    clinic::ClinicError,
    graph::Answer,
    identity::Actor,
};

/// What a patient can ask.
#[derive(MergedObject, Default)]
#[graphql(name = "PatientQuery")]
pub struct Query(
    profile::MyProfile,
    records::MyRecords,
    prescriptions::MyPrescriptions,
    access_log::MyAccessLog,
);

/// What a patient alone can change: nothing yet.
pub use async_graphql::EmptyMutation as Mutation;

/// The patient's rules.
pub const RULES: &[Rule] = &[
    allow::<profile::ReadOwnProfile>("patients see their own profile", own),
    allow::<records::ReadOwnRecord>("patients read their own records", own),
    allow::<prescriptions::ReadOwnPrescription>("patients read their own prescriptions", own),
    allow::<access_log::ReadOwnAccessLog>("patients see who looked at them", own),
];

fn own(actor: &Actor, facts: &Facts) -> bool {
    actor.role() == Role::Patient && actor.patient().is_some() && actor.patient() == facts.patient
}

/// The patient that this account is.
fn myself(actor: &Actor) -> Answer<Uuid> {
    Ok(actor.patient().ok_or(ClinicError::NotFound)?)
}

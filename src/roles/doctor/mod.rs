//! The doctor: opens patients they treat, reads their records, and prescribes with a key of their own.

pub mod draft;
pub mod issue;
pub mod patient;
pub mod patients;

use async_graphql::MergedObject;
use entity::Role;

use crate::{
    access::{Facts, Rule, allow},
    identity::Actor,
};

/// What a doctor can ask.
#[derive(MergedObject, Default)]
#[graphql(name = "DoctorQuery")]
pub struct Query(patients::TreatedPatients, patient::OpenedPatient);

/// What a doctor can change.
#[derive(MergedObject, Default)]
#[graphql(name = "DoctorMutation")]
pub struct Mutation(draft::DraftPrescription, issue::IssuePrescription);

/// The doctor's rules.
pub const RULES: &[Rule] = &[
    allow::<patients::ListPatients>("doctors see who they treat", treats),
    allow::<patient::OpenPatient>("doctors open patients they treat", treats),
    allow::<patient::ReadRecord>("doctors read the records of patients they treat", treats),
    allow::<patient::ReadPrescription>("doctors read the prescriptions of patients they treat", treats),
    allow::<draft::Draft>("doctors prescribe for patients they treat", treats),
    allow::<issue::Issue>(
        "who drafted a prescription issues it, while treating the patient",
        |actor, facts| treats(actor, facts) && facts.author == Some(actor.account()),
    ),
];

fn treats(actor: &Actor, facts: &Facts) -> bool {
    actor.role() == Role::Doctor && facts.treats == Some(true)
}

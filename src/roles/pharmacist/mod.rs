//! The pharmacist: the queue, the live verification, the hand-over. Never a diagnosis, cause, vital sign or note: no action
//! here opens one.

pub mod dispense;
pub mod queue;
pub mod verify;

use crate::access::{Rule, allow};
use async_graphql::MergedObject;
use entity::Role;

/// What a pharmacist can ask.
#[derive(MergedObject, Default)]
#[graphql(name = "PharmacistQuery")]
pub struct Query(queue::PrescriptionQueue, verify::VerifyPrescription);

/// What a pharmacist can change.
#[derive(MergedObject, Default)]
#[graphql(name = "PharmacistMutation")]
pub struct Mutation(dispense::DispensePrescription);

/// The pharmacist's rules.
pub const RULES: &[Rule] = &[
    allow::<queue::ViewQueue>("pharmacists see what waits to be dispensed", |actor, _| {
        actor.role() == Role::Pharmacist
    }),
    allow::<verify::Verify>("pharmacists verify prescriptions", |actor, _| actor.role() == Role::Pharmacist),
    allow::<verify::IdentifyRecipient>("who hands over sees to whom", |actor, _| {
        actor.role() == Role::Pharmacist
    }),
    allow::<dispense::Dispense>("pharmacists dispense prescriptions", |actor, _| {
        actor.role() == Role::Pharmacist
    }),
    allow::<dispense::ReadReceipt>("who handed over reads the receipt again", |actor, facts| {
        actor.role() == Role::Pharmacist && facts.author == Some(actor.account())
    }),
];

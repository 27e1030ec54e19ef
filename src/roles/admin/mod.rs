//! The admin: users, the audit log and its verification, statistics with noise. No clinical plaintext: no action here opens
//! any payload of a patient.

pub mod audit_log;
pub mod epoch;
pub mod statistic;
pub mod user_changes;
pub mod users;
pub mod verify_log;

use async_graphql::MergedObject;
use entity::Role;

use crate::{
    access::{Facts, Rule, allow},
    identity::Actor,
};

/// What an admin can ask.
#[derive(MergedObject, Default)]
#[graphql(name = "AdminQuery")]
pub struct Query(users::Users, audit_log::AuditLog, verify_log::VerifyAuditLog);

/// What an admin can change.
#[derive(MergedObject, Default)]
#[graphql(name = "AdminMutation")]
pub struct Mutation(user_changes::UserChanges, epoch::CloseEpoch, statistic::ReleaseStatistic);

/// The admin's rules.
pub const RULES: &[Rule] = &[
    allow::<users::ListUsers>("admins see the accounts", admin),
    allow::<user_changes::ManageUsers>("admins manage the accounts", admin),
    allow::<audit_log::ReadAuditLog>("admins read the audit log", admin),
    allow::<verify_log::VerifyLedger>("admins verify the audit log", admin),
    allow::<epoch::CloseStatisticsEpoch>("admins close epochs", admin),
    allow::<statistic::AskStatistic>("admins ask statistics with noise", admin),
];

fn admin(actor: &Actor, _: &Facts) -> bool {
    actor.role() == Role::Admin
}

/// Authorizes an operation on the hospital as a whole.
async fn authorize<A: crate::access::Action>(
    ctx: &async_graphql::Context<'_>,
) -> crate::graph::Answer<(crate::world::World, Actor, crate::access::Permit<A>)> {
    let (world, actor) = (crate::graph::world(ctx)?, crate::graph::actor(ctx)?);
    let resource = crate::access::Resource {
        table: "account",
        row: actor.account(),
        version: 1,
        patient: None,
        policy: String::new(),
    };
    let permit = world.desk.authorize::<A>(actor, resource, Facts::default()).await?;
    Ok((world.clone(), actor.clone(), permit))
}

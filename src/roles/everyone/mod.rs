//! What everyone can do: get in, get out, and see what is nobody's secret.

pub mod enrol;
pub mod errors;
pub mod login;
pub mod logout;
pub mod me;
pub mod medicines;
pub mod replace_key;

use async_graphql::MergedObject;

use crate::access::Rule;

/// What everyone can ask.
#[derive(MergedObject, Default)]
#[graphql(name = "EveryoneQuery")]
pub struct Query(me::Me, medicines::Medicines, errors::Errors);

/// What everyone can change.
#[derive(MergedObject, Default)]
#[graphql(name = "EveryoneMutation")]
pub struct Mutation(login::Login, enrol::Enrol, logout::Logout, replace_key::ReplaceKey);

/// No rule: these open nothing of a patient's. What needs a session has a guard.
pub const RULES: &[Rule] = &[];

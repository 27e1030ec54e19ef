//! The roles: verbs and rules, strangers to each other. Each folder is a plugin: its `Query`, its `Mutation`, its `RULES`,
//! registered in one place ([`crate::schema`]).
//!
//! To add a verb: one file in the role's folder with its action, its rules and its resolver; name it in the folder's
//! `mod.rs`. To add a role: a folder, and its line in `register!`.

pub mod admin;
pub mod doctor;
pub mod everyone;
pub mod patient;
pub mod pharmacist;

//! Who is asking: the one thing that rooms above know of a caller.

use std::collections::BTreeMap;

use entity::Role;
use uuid::Uuid;

use crate::ledger::By;

/// Somebody whose session was good a moment ago. Made by [`Identity::actor`](super::Identity::actor) alone.
#[derive(Clone, Debug)]
pub struct Actor {
    pub(super) account: Uuid,
    pub(super) role: Role,
    pub(super) session: Uuid,
    pub(super) session_expires_ms: i64,
    pub(super) signing_key: Uuid,
    pub(super) patient: Option<Uuid>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) facts: Vec<(&'static str, Uuid, i64)>,
}

impl Actor {
    /// The account.
    #[must_use]
    pub fn account(&self) -> Uuid {
        self.account
    }

    /// What the account may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> Uuid {
        self.session
    }

    /// When the session ends by itself, in milliseconds UTC.
    #[must_use]
    pub fn session_expires_ms(&self) -> i64 {
        self.session_expires_ms
    }

    /// The key (its row) that was proven at login. What is signed later names its own key.
    #[must_use]
    pub fn signing_key(&self) -> Uuid {
        self.signing_key
    }

    /// The patient that this account is, for patients.
    #[must_use]
    pub fn patient(&self) -> Option<Uuid> {
        self.patient
    }

    /// What policies ask about: `role` (lower case), `user_id` (the account's id; for patients, the patient's), and those
    /// of `department`, `hospital`, `pharmacy` and `specialty` that the account has.
    #[must_use]
    pub fn attributes(&self) -> &BTreeMap<String, String> {
        &self.attributes
    }

    /// Table, id and version of the account's and the session's row: a change of either makes this actor stale.
    #[must_use]
    pub fn facts(&self) -> &[(&'static str, Uuid, i64)] {
        &self.facts
    }

    /// As the ledger names the actor.
    #[must_use]
    pub fn by(&self) -> By {
        By::Account(self.account, self.role)
    }
}

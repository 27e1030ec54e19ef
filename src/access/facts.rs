//! What a rule may ask about. A fact that was not or could not be loaded is `None`, and what is `None` grants nothing.

use uuid::Uuid;

use super::Policy;

/// A row on which a decision rested, at the version that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactVersion {
    /// Its table.
    pub table: &'static str,
    /// Its id.
    pub id: Uuid,
    /// The version that was read.
    pub version: i64,
}

/// The facts about one resource and the actor.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Whose record it is.
    pub patient: Option<Uuid>,
    /// Whether the actor treats that patient now.
    pub treats: Option<bool>,
    /// Who wrote it.
    pub author: Option<Uuid>,
    /// The record's own policy. It can only narrow.
    pub policy: Option<Policy>,
    /// Rows that must still be as they were when the change is written.
    pub versions: Vec<FactVersion>,
}

impl Facts {
    /// Facts about a patient.
    #[must_use]
    pub fn of_patient(patient: Uuid) -> Self {
        Self { patient: Some(patient), ..Self::default() }
    }

    /// With one more row that must not change meanwhile.
    #[must_use]
    pub fn resting_on(mut self, table: &'static str, id: Uuid, version: i64) -> Self {
        self.versions.push(FactVersion { table, id, version });
        self
    }
}

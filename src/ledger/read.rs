//! Reading entries: the audit log, and a patient's own.

use entity::{Role, ledger};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

use super::{
    By, Ledger, LedgerError,
    leaf::{self, Actor, Details, place},
};
use crate::keyring::PatientKey;

/// Tags of one statement.
const PAGE: u64 = 500;

/// An entry, opened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// From 0.
    pub index: i64,
    /// Milliseconds UTC.
    pub time_ms: i64,
    /// Who.
    pub by: By,
    /// What.
    pub action: String,
    /// For what.
    pub purpose: String,
    /// Whether the ordinary rules were overridden.
    pub break_glass: bool,
    /// How it ended: `GRANTED`, `DENIED` or `DONE`.
    pub outcome: String,
    /// Ids and reasons.
    pub about: Vec<(String, String)>,
    /// The patient it concerns.
    pub patient: Option<Uuid>,
    /// RFC 6962 leaf hash.
    pub hash: Vec<u8>,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only older than this index.
    pub before: Option<i64>,
    /// Only of this role.
    pub role: Option<Role>,
    /// Only this action.
    pub action: Option<String>,
    /// Only this outcome.
    pub outcome: Option<String>,
}

impl Ledger {
    /// The newest entries that fit, newest first.
    ///
    /// # Errors
    /// As of the database; [`LedgerError::Broken`] at an entry that was changed.
    pub async fn entries(&self, filter: &Filter, limit: u64) -> Result<Vec<Entry>, LedgerError> {
        let mut query = ledger::Entity::find().order_by_desc(ledger::Column::Idx).limit(limit);
        if let Some(before) = filter.before {
            query = query.filter(ledger::Column::Idx.lt(before));
        }
        if let Some(role) = filter.role {
            query = query.filter(ledger::Column::Role.eq(super::role_name::of(role)));
        }
        if let Some(action) = &filter.action {
            query = query.filter(ledger::Column::Action.eq(action));
        }
        if let Some(outcome) = &filter.outcome {
            query = query.filter(ledger::Column::Outcome.eq(outcome));
        }
        query.all(self.room.store.read()).await?.into_iter().map(|row| self.opened(row)).collect()
    }

    /// Every entry about one patient, oldest first. Complete: tags 0 to m-1 are there, and the 500 from m on are not.
    ///
    /// # Errors
    /// [`LedgerError::Broken`] at the first entry after a hole, and at one that was changed.
    pub async fn entries_of(&self, key: &PatientKey) -> Result<Vec<Entry>, LedgerError> {
        let mut entries = Vec::new();
        let mut ended = false;
        for first in (0..).step_by(usize::try_from(PAGE).unwrap_or(usize::MAX)) {
            let tags: Vec<Vec<u8>> = (first..first + PAGE).map(|j| key.subject_tag(j).to_vec()).collect();
            let mut found: std::collections::HashMap<Vec<u8>, ledger::Model> = ledger::Entity::find()
                .filter(ledger::Column::SubjectTag.is_in(tags.clone()))
                .all(self.room.store.read())
                .await?
                .into_iter()
                .filter_map(|row| row.subject_tag.clone().map(|tag| (tag, row)))
                .collect();
            // The page after the last entry is read too: the hole may be where a page ends.
            if found.is_empty() {
                break;
            }
            for tag in tags {
                match found.remove(&tag) {
                    Some(row) if ended => return Err(LedgerError::Broken(row.idx)),
                    Some(row) => entries.push(self.opened(row)?),
                    None => ended = true,
                }
            }
        }
        Ok(entries)
    }

    pub(super) fn opened(&self, row: ledger::Model) -> Result<Entry, LedgerError> {
        leaf::believed(&self.room.keyring, &row).ok_or(LedgerError::Broken(row.idx))?;
        let unsealer = &self.room.unsealer;
        let Actor(by) = unsealer.open(place(row.idx), 1, &row.actor)?;
        let details: Details = unsealer.open(place(row.idx), 1, &row.details)?;
        Ok(Entry {
            index: row.idx,
            time_ms: row.time_ms,
            by,
            action: row.action,
            purpose: row.purpose,
            break_glass: row.break_glass,
            outcome: row.outcome,
            about: details.about,
            patient: details.patient,
            hash: row.hash,
        })
    }
}

//! Whether a row is the newest that the ledger knows: a tag proves who wrote a row, this proves that it is not an old one.

use entity::ledger_row;
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::{Ledger, LedgerError, Row};
use crate::keyring::{Checked, IntegrityViolation, Violation};

/// Pairs asked for in one statement.
const PAGE: usize = 500;

impl Ledger {
    /// The index of the entry that stands for this version of the row, if there is no later one.
    ///
    /// # Errors
    /// [`LedgerError::Integrity`]: stale where the ledger has a later version, resurrected where it never had this one.
    pub async fn hold<M: Row>(&self, connection: &impl ConnectionTrait, row: &Checked<M>) -> Result<i64, LedgerError> {
        Ok(self.hold_all(connection, std::slice::from_ref(row)).await?.first().copied().unwrap_or_default())
    }

    /// The same for several rows, in two statements per 500.
    ///
    /// # Errors
    /// As [`Ledger::hold`], for the first row that fails.
    pub async fn hold_all<M: Row>(&self, connection: &impl ConnectionTrait, rows: &[Checked<M>]) -> Result<Vec<i64>, LedgerError> {
        let keyring = &self.room.keyring;
        let mut indexes = Vec::with_capacity(rows.len());
        for page in rows.chunks(PAGE) {
            let wanted: Vec<_> = page
                .iter()
                .map(|row| (keyring.row_change(&**row), keyring.row_key(M::TABLE, row.id(), row.version() + 1).to_vec()))
                .collect();
            let keys = wanted.iter().flat_map(|(now, next)| [now.row_key.to_vec(), next.clone()]);
            let known: std::collections::HashMap<Vec<u8>, ledger_row::Model> = ledger_row::Entity::find()
                .filter(ledger_row::Column::RowKey.is_in(keys))
                .all(connection)
                .await?
                .into_iter()
                .map(|entry| (entry.row_key.clone(), entry))
                .collect();
            for (now, next) in wanted {
                let violation = |kind| LedgerError::from(IntegrityViolation::new(now.table, now.id, kind));
                if known.contains_key(&next) {
                    return Err(violation(Violation::Stale));
                }
                let entry = known.get(now.row_key.as_slice()).ok_or_else(|| violation(Violation::Resurrected))?;
                if !crypto::mac::equal(&entry.row_tag, &now.row_tag) {
                    return Err(violation(Violation::Edited));
                }
                indexes.push(entry.idx);
            }
        }
        Ok(indexes)
    }

    /// The index of the entry that made version `version` of a row, if the ledger has it.
    ///
    /// # Errors
    /// As of the database.
    pub async fn index_of(&self, table: &str, id: Uuid, version: i64) -> Result<Option<i64>, LedgerError> {
        let key = self.room.keyring.row_key(table, id, version).to_vec();
        Ok(ledger_row::Entity::find_by_id(key).one(self.room.store.read()).await?.map(|entry| entry.idx))
    }
}

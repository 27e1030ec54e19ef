//! Whether a row is the newest that the ledger knows: a tag proves who wrote a row, this proves that it is not an old one.

use std::collections::HashMap;

use entity::{ledger, ledger_row};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::{Ledger, LedgerError, Room, Row, newest};
use crate::keyring::{Checked, IntegrityViolation, Keyring, RowChange, Violation};

/// Rows asked for in one statement.
const PAGE: usize = 500;

impl Ledger {
    /// The index of the entry that stands for this version of the row, if there is no later one.
    ///
    /// Not inside a write transaction, which may see rows whose entries are yet to come: there, [`super::Tx::hold`].
    ///
    /// # Errors
    /// [`LedgerError::Integrity`]: stale where the ledger has a later version, resurrected where it never had this one.
    pub async fn hold<M: Row>(
        &self,
        connection: &impl ConnectionTrait,
        row: &Checked<M>,
    ) -> Result<i64, LedgerError> {
        Ok(self.hold_all(connection, std::slice::from_ref(row)).await?.first().copied().unwrap_or_default())
    }

    /// The same for several rows, in one statement per 500.
    ///
    /// # Errors
    /// As [`Ledger::hold`], for the first row that fails.
    pub async fn hold_all<M: Row>(
        &self,
        connection: &impl ConnectionTrait,
        rows: &[Checked<M>],
    ) -> Result<Vec<i64>, LedgerError> {
        let rows: Vec<_> = rows.iter().map(|row| self.room.keyring.row_change(&**row)).collect();
        self.hold_changes(connection, &rows, &[]).await
    }

    /// The same for rows of several tables, and for rows that are not there and never were: who deleted one of `never`
    /// is found out, and of the tables whose ids are derived, also who deleted the ledger's way to it.
    ///
    /// # Errors
    /// As [`Ledger::hold`]; missing where the ledger knows one of `never`.
    pub async fn hold_changes(
        &self,
        connection: &impl ConnectionTrait,
        rows: &[RowChange],
        never: &[(&'static str, Uuid)],
    ) -> Result<Vec<i64>, LedgerError> {
        let keyring = &self.room.keyring;
        let known = known(&self.room, connection, rows, never).await?;
        for (table, id) in never {
            if known.contains_key(&keyring.row_key(table, *id, 1)[..]) {
                return Err(IntegrityViolation::new(table, *id, Violation::Missing).into());
            }
        }
        let mut indexes = Vec::with_capacity(rows.len());
        for row in rows {
            judge(keyring, row, |key| known.get(key).map(|entry| entry.row_tag.as_slice()))?;
            indexes.extend(known.get(&row.row_key[..]).map(|entry| entry.idx));
        }
        Ok(indexes)
    }

    /// The index of the entry that made version `version` of a row, by that entry itself, if the ledger has it.
    ///
    /// # Errors
    /// [`LedgerError::Integrity`]: missing where the way to the entry was deleted, edited where it leads elsewhere.
    pub async fn index_of(&self, table: &str, id: Uuid, version: i64) -> Result<Option<i64>, LedgerError> {
        let (room, connection) = (&self.room, self.room.store.read());
        let violation = |kind| LedgerError::from(IntegrityViolation::new(table, id, kind));
        let way = ledger_row::Entity::find_by_id(room.keyring.row_key(table, id, version).to_vec());
        let mut entry = way.clone().one(connection).await?;
        if entry.is_none() {
            if room.read_on(connection).await?.version(table, id) < Some(version) {
                return Ok(None);
            }
            // It may have come between the two statements.
            entry = way.one(connection).await?;
        }
        let idx = entry.ok_or_else(|| violation(Violation::Missing))?.idx;
        let leaf = ledger::Entity::find_by_id(idx).one(connection).await?.ok_or(LedgerError::Broken(idx))?;
        let (_, rows) = newest::believed(room, &leaf)?;
        if rows.iter().any(|row| (row.0.as_str(), row.1, row.2) == (table, id, version)) {
            Ok(Some(idx))
        } else {
            Err(violation(Violation::Edited))
        }
    }
}

/// What the ledger has of these rows: their version, the next one, and the first of those that should not be. Refused
/// where the leaves know better than `ledger_row`.
pub(super) async fn known(
    room: &Room,
    connection: &impl ConnectionTrait,
    rows: &[RowChange],
    never: &[(&'static str, Uuid)],
) -> Result<HashMap<Vec<u8>, ledger_row::Model>, LedgerError> {
    let keyring = &room.keyring;
    let moment = room.read_on(connection).await?;
    if let Some(row) = rows.iter().find(|row| moment.version(row.table, row.id) > Some(row.version)) {
        return Err(IntegrityViolation::new(row.table, row.id, Violation::Stale).into());
    }
    if let Some((table, id)) = never.iter().find(|(table, id)| moment.version(table, *id).is_some()) {
        return Err(IntegrityViolation::new(table, *id, Violation::Missing).into());
    }
    let next = |row: &RowChange| keyring.row_key(row.table, row.id, row.version + 1);
    let wanted = rows.iter().flat_map(|row| [row.row_key.to_vec(), next(row).to_vec()]);
    let unwanted = never.iter().map(|(table, id)| keyring.row_key(table, *id, 1).to_vec());
    let keys: Vec<Vec<u8>> = wanted.chain(unwanted).collect();
    let mut known = HashMap::with_capacity(rows.len());
    for page in keys.chunks(2 * PAGE) {
        let page = ledger_row::Column::RowKey.is_in(page.iter().cloned());
        let entries = ledger_row::Entity::find().filter(page).all(connection).await?;
        known.extend(entries.into_iter().map(|entry| (entry.row_key.clone(), entry)));
    }
    Ok(known)
}

/// Whether a row is the newest, by what is known of row keys.
pub(super) fn judge<'k>(
    keyring: &Keyring,
    row: &RowChange,
    known: impl Fn(&[u8]) -> Option<&'k [u8]>,
) -> Result<(), IntegrityViolation> {
    let violation = |kind| Err(IntegrityViolation::new(row.table, row.id, kind));
    if known(&keyring.row_key(row.table, row.id, row.version + 1)).is_some() {
        return violation(Violation::Stale);
    }
    match known(&row.row_key) {
        None => violation(Violation::Resurrected),
        Some(tag) if crypto::mac::equal(tag, &row.row_tag) => Ok(()),
        Some(_) => violation(Violation::Edited),
    }
}

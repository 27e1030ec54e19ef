//! The write transaction that rooms write into. A protected row can only be written through it, is tagged on the way,
//! and must be followed by the ledger entry that stands for it.

use std::{collections::HashMap, sync::Arc};

use entity::Protected;
use sea_orm::{
    ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter as _,
    sea_query::{Alias, Expr, ExprTrait as _},
};

use super::{
    Draft, LedgerError, Room,
    current::{judge, known},
};
use crate::{
    keyring::{Checked, RowChange},
    store,
};

/// Rows of one statement: 2 000 parameters at most for the widest table.
const PAGE: usize = 100;

/// A row type that can be written: protected, and its own entity's model.
pub trait Row:
    Protected<Entity: EntityTrait<Model = Self, ActiveModel = Self::Active>>
    + IntoActiveModel<Self::Active>
    + Clone
    + Send
    + Sync
{
    /// Its active model.
    type Active: ActiveModelTrait<Entity = Self::Entity> + Send;
}

impl<M, A> Row for M
where
    M: Protected<Entity: EntityTrait<Model = M, ActiveModel = A>> + IntoActiveModel<A> + Clone + Send + Sync,
    A: ActiveModelTrait<Entity = M::Entity> + Send,
{
    type Active = A;
}

/// Entries, each with the rows that it stands for.
pub(super) type Entries = Vec<(Draft, Vec<RowChange>)>;

/// One write transaction: changes, and the entries that stand for them.
#[derive(Debug)]
pub struct Tx {
    inner: store::Tx,
    room: Arc<Room>,
    rows: Vec<RowChange>,
    entries: Entries,
    before: Arc<Pending>,
}

/// Rows changed earlier in the same commit, whose entries are not in the ledger yet: row key and row tag.
pub(super) type Pending = HashMap<crypto::mac::Mac, crypto::mac::Mac>;

impl Tx {
    pub(super) fn new(inner: store::Tx, room: Arc<Room>, before: Arc<Pending>) -> Self {
        Self { inner, room, rows: Vec::new(), entries: Vec::new(), before }
    }

    /// For reading inside the transaction, and for the few tables that are not protected.
    #[must_use]
    pub fn connection(&self) -> &DatabaseTransaction {
        self.inner.connection()
    }

    /// Which database is underneath: PostgreSQL wants its row locks said.
    #[must_use]
    pub fn backend(&self) -> store::Backend {
        self.inner.backend()
    }

    /// Believes that rows read in this transaction are the newest. On PostgreSQL read them with a lock
    /// (`lock_exclusive`), or another transaction's change between the two reads looks like a roll-back.
    ///
    /// # Errors
    /// As [`super::Ledger::hold`].
    pub async fn hold<M: Row>(&self, rows: &[Checked<M>]) -> Result<(), LedgerError> {
        let rows: Vec<_> = rows.iter().map(|row| self.room.keyring.row_change(&**row)).collect();
        let recorded = known(&self.room, self.connection(), &rows, &[]).await?;
        let own = self.entries.iter().flat_map(|(_, rows)| rows).chain(&self.rows);
        let own: Pending = own.map(|row| (row.row_key, row.row_tag)).collect();
        for row in &rows {
            judge(&self.room.keyring, row, |key| {
                let pending = || own.get(key).or_else(|| self.before.get(key)).map(<[u8; 32]>::as_slice);
                recorded.get(key).map(|entry| entry.row_tag.as_slice()).or_else(pending)
            })?;
        }
        Ok(())
    }

    /// Writes a new row.
    ///
    /// # Errors
    /// As of the database.
    pub async fn insert<M: Row>(&mut self, row: M) -> Result<Checked<M>, LedgerError> {
        let [row] = <[Checked<M>; 1]>::try_from(self.insert_all(vec![row]).await?)
            .map_err(|_| LedgerError::Conflict)?;
        Ok(row)
    }

    /// Writes new rows of one table.
    ///
    /// # Errors
    /// As of the database.
    pub async fn insert_all<M: Row>(&mut self, mut rows: Vec<M>) -> Result<Vec<Checked<M>>, LedgerError> {
        self.rows.extend(rows.iter_mut().map(|row| self.room.keyring.tag(row)));
        for page in rows.chunks(PAGE) {
            let page = page.iter().map(|row| row.clone().into_active_model().reset_all());
            M::Entity::insert_many(page).exec_without_returning(self.inner.connection()).await?;
        }
        Ok(self.room.keyring.check_all(rows)?)
    }

    /// Writes the next version of a row, if it still is at the version that was read.
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] where somebody else was first; nothing is then written.
    pub async fn update<M: Row>(
        &mut self,
        row: &Checked<M>,
        change: impl FnOnce(&mut M),
    ) -> Result<Checked<M>, LedgerError> {
        let mut next = M::clone(row);
        change(&mut next);
        next.set_version(row.version() + 1);
        let change = self.room.keyring.tag(&mut next);
        let updated = M::Entity::update_many()
            .set(next.clone().into_active_model().reset_all())
            .filter(Expr::col(Alias::new("id")).eq(row.id()))
            .filter(Expr::col(Alias::new("version")).eq(row.version()))
            .exec(self.inner.connection())
            .await?;
        if updated.rows_affected != 1 {
            return Err(LedgerError::Conflict);
        }
        self.rows.push(change);
        Ok(self.room.keyring.check(next)?)
    }

    /// Appends the entry that stands for all rows written since the last one.
    pub fn append(&mut self, draft: Draft) {
        let rows = std::mem::take(&mut self.rows);
        self.entries.push((draft, rows));
    }

    /// Takes everything back.
    pub(super) async fn rollback(self) -> Result<(), LedgerError> {
        Ok(self.inner.rollback().await?)
    }

    /// Hands over what is to be appended.
    ///
    /// # Errors
    /// [`LedgerError::Unrecorded`] where a row was written for which no entry stands.
    pub(super) fn finish(self) -> Result<(store::Tx, Entries), LedgerError> {
        if self.rows.is_empty() { Ok((self.inner, self.entries)) } else { Err(LedgerError::Unrecorded) }
    }
}

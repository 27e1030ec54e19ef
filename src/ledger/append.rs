//! The last statements of a write transaction: lock, find the end of the chain, chain what is new.

use std::collections::HashMap;

use entity::{ledger, ledger_row};
use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryOrder as _,
};
use uuid::Uuid;

use super::{
    Draft, LedgerError, Receipt, Room,
    leaf::{self, Head},
};
use crate::{
    keyring::RowChange,
    store::{Backend, Tx},
};

/// Rows of one INSERT; a leaf has 17 parameters, SQLite takes 32 766.
const PAGE: usize = 500;
/// Any constant: the lock that lets one transaction at a time extend the chain.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7023373)";

/// What the commit makes true.
#[derive(Debug, Default)]
pub(super) struct Appended {
    pub(super) receipts: Vec<Receipt>,
    subjects: HashMap<Uuid, u64>,
}

impl Appended {
    /// To be called once the transaction is durable, not before.
    pub(super) fn committed(&self, room: &Room) {
        room.subjects.learn(&self.subjects);
        if let Some(last) = self.receipts.last() {
            room.saw(last.index);
        }
    }
}

impl Room {
    /// Remembers that the entry is committed: a chain that ends before it was cut.
    pub(super) fn saw(&self, index: i64) {
        self.seen.send_if_modified(|seen| {
            let newer = index > *seen;
            *seen = index.max(*seen);
            newer
        });
    }
}

/// Chains the entries after the present end, in their order.
pub(super) async fn append(
    room: &Room,
    tx: &Tx,
    entries: &[(Draft, Vec<RowChange>)],
) -> Result<Appended, LedgerError> {
    if entries.is_empty() {
        return Ok(Appended::default());
    }
    lock(tx.backend(), tx.connection()).await?;
    let mut head = head(room, tx.connection()).await?;
    let mut subjects = room
        .subjects
        .next(tx.connection(), entries.iter().filter_map(|(draft, _)| draft.patient.as_ref()))
        .await?;
    let now_ms = room.keyring.around().now_ms();
    let mut leaves = Vec::with_capacity(entries.len());
    let mut changes = Vec::new();
    let mut receipts = Vec::with_capacity(entries.len());
    for (draft, rows) in entries {
        let tag = draft.patient.as_ref().map(|key| {
            let j = subjects.entry(key.patient()).or_default();
            *j += 1;
            key.subject_tag(*j - 1)
        });
        let row = leaf::chain(&room.keyring, room.installation, head, now_ms, draft, rows, tag)?;
        let hash = leaf::hash(&row);
        head = Head { index: row.idx, time_ms: row.time_ms, hash };
        receipts.push(Receipt { index: row.idx, hash });
        changes.extend(rows.iter().zip(0..).map(|(row, position)| ledger_row::Model {
            row_key: row.row_key.to_vec(),
            row_tag: row.row_tag.to_vec(),
            idx: head.index,
            position,
        }));
        leaves.push(row);
    }
    for page in leaves.chunks(PAGE) {
        let page = page.iter().map(|row| row.clone().into_active_model().reset_all());
        ledger::Entity::insert_many(page).exec_without_returning(tx.connection()).await?;
    }
    for page in changes.chunks(PAGE) {
        let page = page.iter().map(|row| row.clone().into_active_model().reset_all());
        ledger_row::Entity::insert_many(page).exec_without_returning(tx.connection()).await?;
    }
    Ok(Appended { receipts, subjects })
}

/// Keeps everybody else from extending the chain until the transaction ends; SQLite's writer is alone anyway.
pub(super) async fn lock(backend: Backend, connection: &impl ConnectionTrait) -> Result<(), LedgerError> {
    if backend == Backend::Postgres {
        connection.execute_unprepared(LOCK).await?;
    }
    Ok(())
}

/// The end of the chain, believed only with its hash and HMAC, and never behind what was seen before.
pub(super) async fn head(room: &Room, connection: &impl ConnectionTrait) -> Result<Head, LedgerError> {
    let seen = *room.seen.borrow();
    let Some(last) = ledger::Entity::find().order_by_desc(ledger::Column::Idx).one(connection).await? else {
        return if seen < 0 { Ok(Head::genesis(room.installation)) } else { Err(LedgerError::Broken(0)) };
    };
    let hash = leaf::believed(&room.keyring, &last).ok_or(LedgerError::Broken(last.idx))?;
    if last.idx < seen {
        return Err(LedgerError::Broken(last.idx + 1));
    }
    Ok(Head { index: last.idx, time_ms: last.time_ms, hash })
}

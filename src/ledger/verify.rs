//! Verification: the chain from the first entry to the newest checkpoint, and every protected row against it.

use std::collections::HashMap;

use entity::{ledger, ledger_row};
use sea_orm::{ColumnTrait as _, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

use super::{
    Ledger, LedgerError, Room, Row, checkpoint,
    leaf::{self, Details, Head},
};
use crate::keyring::{SystemKey, Violation};

/// Entries or rows read at once.
const PAGE: u64 = 1_000;

/// What is wrong with the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An index is not there.
    Missing,
    /// The entry does not follow the one before.
    Unlinked,
    /// The entry's content is not what was hashed.
    Edited,
    /// The entry was hashed anew, but not by this server.
    Forged,
    /// The entry's list of changed rows is not what it was.
    RowsEdited,
    /// Time runs backwards.
    Backdated,
    /// The chain ends before a signed checkpoint does.
    Truncated,
    /// The leaves are not those that a checkpoint states.
    OffCheckpoint,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Unlinked => "not linked to the one before",
            Self::Edited => "edited",
            Self::Forged => "not written by this server",
            Self::RowsEdited => "its list of rows was edited",
            Self::Backdated => "dated before the one before",
            Self::Truncated => "cut off: a checkpoint covers it",
            Self::OffCheckpoint => "not what the checkpoint states",
        })
    }
}

/// The result of verifying the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Entries that were looked at.
    pub entries: u64,
    /// The first bad index, and what is wrong with it.
    pub first_fault: Option<(i64, Fault)>,
    /// RFC 6962 root of all entries.
    pub root: [u8; 32],
}

/// A protected row that is not as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowFault {
    /// The table.
    pub table: String,
    /// The row.
    pub row: Uuid,
    /// What is wrong.
    pub kind: Violation,
}

impl Ledger {
    /// Walks the whole chain. `progress` hears how many entries are done.
    ///
    /// # Errors
    /// As of the database; what is found wrong is in the [`Verdict`].
    pub async fn verify(&self, progress: impl Fn(u64) + Send) -> Result<Verdict, LedgerError> {
        let room = &self.room;
        let mut head = Head::genesis(room.installation);
        let mut range = crypto::merkle::CompactRange::new();
        let newest = checkpoint::newest_file(room)?;
        let fault = 'chain: loop {
            let leaves = ledger::Entity::find()
                .filter(ledger::Column::Idx.gt(head.index))
                .order_by_asc(ledger::Column::Idx)
                .limit(PAGE)
                .all(room.store.read())
                .await?;
            let Some((first, last)) = leaves.first().zip(leaves.last()) else { break None };
            let mut rows = rows_between(room, first.idx, last.idx).await?;
            for row in &leaves {
                let own = rows.remove(&row.idx).unwrap_or_default();
                if let Some(fault) = fault_of(room, head, row, &own) {
                    break 'chain Some(fault);
                }
                let hash = leaf::hash(row);
                head = Head { index: row.idx, time_ms: row.time_ms, hash };
                range.push(hash);
                if newest.as_ref().is_some_and(|c| c.size == range.size() && c.root != range.root()) {
                    break 'chain Some((row.idx, Fault::OffCheckpoint));
                }
            }
            progress(range.size());
        };
        let fault = fault.or_else(|| {
            newest.filter(|newest| newest.size > range.size()).map(|_| (head.index + 1, Fault::Truncated))
        });
        Ok(Verdict { entries: range.size(), first_fault: fault, root: range.root() })
    }

    /// The newest version that the ledger knows of each row, by table and id.
    ///
    /// # Errors
    /// As of the database; [`LedgerError::Integrity`] where an entry's sealed part was changed.
    async fn latest_rows(&self) -> Result<HashMap<(String, Uuid), i64>, LedgerError> {
        let mut latest = HashMap::new();
        let mut after = -1;
        loop {
            let leaves = ledger::Entity::find()
                .filter(ledger::Column::Idx.gt(after))
                .filter(ledger::Column::RowTag.is_not_null())
                .order_by_asc(ledger::Column::Idx)
                .limit(PAGE)
                .all(self.room.store.read())
                .await?;
            let Some(last) = leaves.last() else { return Ok(latest) };
            after = last.idx;
            for row in &leaves {
                let details: Details = self.room.unsealer.open(leaf::place(row.idx), 1, &row.details)?;
                for (table, id, version) in details.rows {
                    let newest = latest.entry((table, id)).or_insert(version);
                    *newest = version.max(*newest);
                }
            }
        }
    }

    /// Holds every protected table against the ledger, both ways.
    ///
    /// # Errors
    /// As of the database; what is found wrong is in the list, sorted.
    pub async fn verify_rows(&self, progress: impl Fn(&str, u64) + Send + Sync) -> Result<Vec<RowFault>, LedgerError> {
        let mut latest = self.latest_rows().await?;
        let mut faults = Vec::new();
        macro_rules! each {
            ($($table:ident)*) => {
                $(verify_table::<entity::$table::Model>(&self.room, &mut latest, &mut faults, &progress).await?;)*
            };
        }
        entity::for_each_protected!(each);
        faults.extend(latest.into_keys().map(|(table, row)| RowFault { table, row, kind: Violation::Missing }));
        faults.sort();
        Ok(faults)
    }
}

type Rows = HashMap<i64, Vec<ledger_row::Model>>;

async fn rows_between(room: &Room, first: i64, last: i64) -> Result<Rows, LedgerError> {
    let mut rows = Rows::new();
    let all = ledger_row::Entity::find()
        .filter(ledger_row::Column::Idx.between(first, last))
        .order_by_asc(ledger_row::Column::Idx)
        .order_by_asc(ledger_row::Column::Position)
        .all(room.store.read())
        .await?;
    for row in all {
        rows.entry(row.idx).or_default().push(row);
    }
    Ok(rows)
}

fn fault_of(room: &Room, head: Head, row: &ledger::Model, rows: &[ledger_row::Model]) -> Option<(i64, Fault)> {
    let expected = head.index + 1;
    let hash = leaf::hash(row);
    let rows_tag = (!rows.is_empty())
        .then(|| leaf::rows_tag(&room.keyring, rows.iter().map(|row| (&row.row_key[..], &row.row_tag[..]))));
    if row.idx != expected {
        Some((expected, Fault::Missing))
    } else if row.prev_hash != head.hash {
        Some((expected, Fault::Unlinked))
    } else if row.hash != hash {
        Some((expected, Fault::Edited))
    } else if !crypto::mac::equal(&room.keyring.mac(SystemKey::LedgerEntry, &hash), &row.mac) {
        Some((expected, Fault::Forged))
    } else if row.row_tag != rows_tag {
        Some((expected, Fault::RowsEdited))
    } else if row.time_ms < head.time_ms {
        Some((expected, Fault::Backdated))
    } else {
        None
    }
}

async fn verify_table<M: Row>(
    room: &Room,
    latest: &mut HashMap<(String, Uuid), i64>,
    faults: &mut Vec<RowFault>,
    progress: &(impl Fn(&str, u64) + Send + Sync),
) -> Result<(), LedgerError>
where
    M: sea_orm::FromQueryResult,
{
    let id = sea_orm::sea_query::Expr::col(sea_orm::sea_query::Alias::new("id"));
    let mut after: Option<Uuid> = None;
    let mut done = 0;
    loop {
        let mut query = M::Entity::find().order_by(id.clone(), sea_orm::Order::Asc).limit(PAGE);
        if let Some(after) = after {
            query = query.filter(sea_orm::sea_query::ExprTrait::gt(id.clone(), after));
        }
        let rows: Vec<M> = query.all(room.store.read()).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.id());
        done += rows.len() as u64;
        let keys = rows.iter().map(|row| room.keyring.row_change(row).row_key.to_vec());
        let known: HashMap<Vec<u8>, Vec<u8>> = ledger_row::Entity::find()
            .filter(ledger_row::Column::RowKey.is_in(keys))
            .all(room.store.read())
            .await?
            .into_iter()
            .map(|entry| (entry.row_key, entry.row_tag))
            .collect();
        for row in rows {
            let newest = latest.remove(&(M::TABLE.to_owned(), row.id()));
            let now = room.keyring.row_change(&row);
            let kind = match (newest, known.get(now.row_key.as_slice())) {
                (None, _) => Some(Violation::Resurrected),
                (Some(newest), _) if row.version() < newest => Some(Violation::Stale),
                (Some(_), Some(tag)) if *tag == now.row_tag && room.keyring.check(row.clone()).is_ok() => None,
                _ => Some(Violation::Edited),
            };
            faults.extend(kind.map(|kind| RowFault { table: M::TABLE.to_owned(), row: row.id(), kind }));
        }
        progress(M::TABLE, done);
    }
}

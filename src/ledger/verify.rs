//! Verification of the chain, from the first entry to the newest checkpoint.

use std::collections::HashMap;

use entity::{ledger, ledger_row};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use super::{
    Ledger, LedgerError, Room, checkpoint,
    leaf::{self, Head},
};
use crate::keyring::SystemKey;

/// Entries read at once.
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

impl Ledger {
    /// Walks the whole chain. `progress` hears how many entries are done.
    ///
    /// # Errors
    /// As of the database; what is found wrong is in the [`Verdict`].
    pub async fn verify(&self, progress: impl Fn(u64) + Send) -> Result<Verdict, LedgerError> {
        let room = &self.room;
        let mut head = Head::genesis(room.installation);
        let mut range = crypto::merkle::CompactRange::new();
        let checkpoints = checkpoint::signed(room).await?;
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
                if checkpoints.iter().any(|c| c.size == range.size() && c.root != range.root()) {
                    break 'chain Some((row.idx, Fault::OffCheckpoint));
                }
            }
            progress(range.size());
        };
        let cut = checkpoints.iter().any(|checkpoint| checkpoint.size > range.size());
        let fault = fault.or(cut.then_some((head.index + 1, Fault::Truncated)));
        Ok(Verdict { entries: range.size(), first_fault: fault, root: range.root() })
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

fn fault_of(
    room: &Room,
    head: Head,
    row: &ledger::Model,
    rows: &[ledger_row::Model],
) -> Option<(i64, Fault)> {
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

//! The newest version of every row, by what the leaves say. `ledger_row` is the short way from a row to its leaf, and a
//! database administrator can delete from it what stands for a newer version. A leaf can't be changed without the keys,
//! so what the leaves say of changed rows is kept in memory and read on before each use.
//!
//! What is kept: 35 to 70 bytes for each row that was ever changed, and for each new row of the tables that are not
//! [`BULK`].

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use entity::ledger;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::{
    LedgerError, Room,
    leaf::{self, Details, Head},
};

/// Leaves read at once.
const PAGE: u64 = 1_000;
/// The longest that is waited for a free connection.
const WAIT: Duration = Duration::from_millis(100);
/// Tables that grow with care and whose ids are random, so nobody asks whether a row of them never was. Of their rows
/// only later versions are kept: none can be rolled back below the first.
const BULK: [&str; 8] = [
    "session",
    "challenge",
    "patient",
    "care_relation",
    "medical_record",
    "vital",
    "prescription",
    "dispensing",
];

/// A row that a leaf stands for: table, id, version.
pub(super) type Change = (String, Uuid, i64);
/// By table and id.
type Latest = HashMap<String, HashMap<Uuid, Version>>;

/// A version of a row, and the index of the leaf that made it.
#[derive(Clone, Copy, Debug)]
struct Version {
    number: i64,
    made: i64,
}

/// What the leaves say that were read so far.
#[derive(Debug)]
pub(super) struct Newest(RwLock<Known>);

#[derive(Debug)]
struct Known {
    head: Head,
    latest: Latest,
}

/// What the leaves say of the rows, as of one moment.
pub(super) struct Moment<'n> {
    newest: &'n Newest,
    /// Index of the last leaf at that moment.
    end: i64,
}

impl Moment<'_> {
    /// The newest version of a row; none where there never was one, or only the first of a table that is bulk. None as
    /// well where somebody has changed it since: then it is no older copy, or they would have been refused.
    pub(super) fn version(&self, table: &str, id: Uuid) -> Option<i64> {
        let known = self.newest.0.read().unwrap_or_else(PoisonError::into_inner);
        let latest = known.latest.get(table)?.get(&id)?;
        (latest.made <= self.end).then_some(latest.number)
    }
}

impl Newest {
    /// Before any leaf was read.
    pub(super) fn of_no_leaf(installation: Uuid) -> Self {
        Self(RwLock::new(Known { head: Head::genesis(installation), latest: Latest::new() }))
    }

    fn head(&self) -> Head {
        self.0.read().unwrap_or_else(PoisonError::into_inner).head
    }

    /// Takes in what was read from some earlier head on. Others may have read the same leaves meanwhile.
    fn learn(&self, head: Head, changes: Vec<(i64, Change)>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if head.index > known.head.index {
            known.head = head;
        }
        for (made, (table, id, number)) in changes {
            let latest = known.latest.entry(table).or_default().entry(id).or_insert(Version { number, made });
            if latest.number < number {
                *latest = Version { number, made };
            }
        }
    }
}

impl Room {
    /// Reads the leaves that were committed since the last time, whoever wrote them: one statement where there are none.
    /// The moment is the connection's, which may be a snapshot's.
    ///
    /// # Errors
    /// [`LedgerError::Broken`] where a leaf is missing or not what this server wrote.
    pub(super) async fn read_on(&self, connection: &impl ConnectionTrait) -> Result<Moment<'_>, LedgerError> {
        let committed = *self.seen.borrow();
        let end = end(connection).await?;
        loop {
            let head = self.newest.head();
            if head.index >= end {
                break;
            }
            let leaves = ledger::Entity::find()
                .filter(ledger::Column::Idx.between(head.index + 1, end))
                .order_by_asc(ledger::Column::Idx)
                .limit(PAGE)
                .all(connection)
                .await?;
            if leaves.is_empty() {
                return Err(LedgerError::Broken(head.index + 1));
            }
            let (head, changes) = follow(self, head, &leaves)?;
            self.newest.learn(head, changes);
        }
        self.saw(end);
        if end < committed {
            self.is_not_cut(committed).await?;
        }
        Ok(Moment { newest: &self.newest, end })
    }

    /// A moment before what is known to be committed is an older one, or somebody has cut the chain. A snapshot holds one
    /// of the few reading connections, so this does not wait for another: who cut the chain can't append to it anyway.
    async fn is_not_cut(&self, committed: i64) -> Result<(), LedgerError> {
        match tokio::time::timeout(WAIT, end(self.store.read())).await {
            Ok(end) => {
                end.and_then(|end| if end < committed { Err(LedgerError::Broken(end + 1)) } else { Ok(()) })
            }
            Err(_) => Ok(()),
        }
    }
}

/// Index of the last leaf, -1 where there is none.
async fn end(connection: &impl ConnectionTrait) -> Result<i64, LedgerError> {
    let last = ledger::Entity::find().select_only().column(ledger::Column::Idx);
    let last = last.order_by_desc(ledger::Column::Idx).into_tuple::<i64>().one(connection).await?;
    Ok(last.unwrap_or(-1))
}

/// The hash of a leaf that this server wrote, and the rows that it stands for by its own sealed list.
pub(super) fn believed(room: &Room, row: &ledger::Model) -> Result<([u8; 32], Vec<Change>), LedgerError> {
    let hash = leaf::believed(&room.keyring, row).ok_or(LedgerError::Broken(row.idx))?;
    if row.row_tag.is_none() {
        return Ok((hash, Vec::new()));
    }
    let details: Details = room.unsealer.open(leaf::place(row.idx), 1, &row.details)?;
    Ok((hash, details.rows))
}

/// The last of the leaves, and the rows to be kept, if all follow on `head` without a gap.
fn follow(
    room: &Room,
    mut head: Head,
    leaves: &[ledger::Model],
) -> Result<(Head, Vec<(i64, Change)>), LedgerError> {
    let mut kept = Vec::new();
    for row in leaves {
        let expected = head.index + 1;
        if row.idx != expected || row.prev_hash != head.hash {
            return Err(LedgerError::Broken(expected));
        }
        let (hash, rows) = believed(room, row)?;
        let rows = rows.into_iter().filter(|row| row.2 > 1 || !BULK.contains(&row.0.as_str()));
        kept.extend(rows.map(|row| (expected, row)));
        head = Head { index: row.idx, time_ms: row.time_ms, hash };
    }
    Ok((head, kept))
}

//! Verification of every protected row against the ledger, both ways: what the ledger knows must be in its table, and what
//! is in a table must be what the ledger knows.

use std::collections::HashMap;

use entity::{Protected, ledger, ledger_row};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait, FromQueryResult,
    QueryFilter as _, QueryOrder as _, QueryResult, QuerySelect as _, QueryTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _},
};
use uuid::Uuid;

use super::{Ledger, LedgerError, Room, Row, newest};
use crate::keyring::Violation;

/// Entries or rows read at once.
const PAGE: u64 = 1_000;

/// A protected row that is not as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowFault {
    /// The table.
    pub table: String,
    /// The row; nil where not even its id can be read.
    pub row: Uuid,
    /// What is wrong.
    pub kind: Violation,
}

/// The newest version of each row that the ledger knows, by table and id.
type Latest = HashMap<(String, Uuid), i64>;

impl Ledger {
    /// Holds every protected table against the ledger, as of one moment. `progress` hears of each table how many rows are
    /// done.
    ///
    /// # Errors
    /// [`LedgerError::Broken`] at an entry that was changed (see [`Ledger::verify`]), and failures of the database; what is
    /// found wrong is in the list, sorted.
    pub async fn verify_rows(
        &self,
        progress: impl Fn(&str, u64) + Send + Sync,
    ) -> Result<Vec<RowFault>, LedgerError> {
        // Without a snapshot, a row written meanwhile would be called resurrected.
        let snapshot = self.room.store.snapshot().await?;
        let mut latest = latest_rows(&self.room, &snapshot).await?;
        let mut faults = Vec::new();
        macro_rules! each {
            ($($table:ident)*) => {
                $(verify_table::<entity::$table::Model>(&self.room, &snapshot, &mut latest, &mut faults, &progress).await?;)*
            };
        }
        entity::for_each_protected!(each);
        snapshot.rollback().await?;
        faults.extend(latest.into_keys().map(|(table, row)| RowFault {
            table,
            row,
            kind: Violation::Missing,
        }));
        faults.sort();
        faults.dedup();
        Ok(faults)
    }
}

async fn latest_rows(room: &Room, snapshot: &DatabaseTransaction) -> Result<Latest, LedgerError> {
    let mut latest = Latest::new();
    let mut after = -1;
    loop {
        let leaves = ledger::Entity::find()
            .filter(ledger::Column::Idx.gt(after))
            .filter(ledger::Column::RowTag.is_not_null())
            .order_by_asc(ledger::Column::Idx)
            .limit(PAGE)
            .all(snapshot)
            .await?;
        let Some(last) = leaves.last() else { return Ok(latest) };
        after = last.idx;
        for leaf in &leaves {
            for (table, id, version) in newest::believed(room, leaf)?.1 {
                let newest = latest.entry((table, id)).or_insert(version);
                *newest = Ord::max(*newest, version);
            }
        }
    }
}

async fn verify_table<M: Row + FromQueryResult>(
    room: &Room,
    snapshot: &DatabaseTransaction,
    latest: &mut Latest,
    faults: &mut Vec<RowFault>,
    progress: &(impl Fn(&str, u64) + Send + Sync),
) -> Result<(), LedgerError> {
    let id = Expr::col(Alias::new("id"));
    let mut after: Option<Uuid> = None;
    let mut done = 0;
    loop {
        let mut query = M::Entity::find().order_by(id.clone(), sea_orm::Order::Asc).limit(PAGE);
        if let Some(after) = after {
            query = query.filter(id.clone().gt(after));
        }
        let page = snapshot.query_all_raw(query.build(snapshot.get_database_backend())).await?;
        done += page.len() as u64;
        progress(M::TABLE, done);
        let (rows, unreadable) = parted::<M>(&page);
        let last = rows.iter().map(Protected::id).chain(unreadable.iter().copied()).max();
        for row in unreadable {
            latest.remove(&(M::TABLE.to_owned(), row));
            faults.push(RowFault { table: M::TABLE.to_owned(), row, kind: Violation::Edited });
        }
        // Rows whose id can't be read sort anywhere; a page of nothing else is the last.
        if last <= after {
            return Ok(());
        }
        after = last;
        let known = known(room, snapshot, &rows).await?;
        for row in rows {
            let newest = latest.remove(&(M::TABLE.to_owned(), row.id()));
            let now = room.keyring.row_change(&row);
            let kind = match (newest, known.get(now.row_key.as_slice())) {
                (None, _) => Violation::Resurrected,
                (Some(newest), _) if row.version() < newest => Violation::Stale,
                (Some(_), Some(tag)) if *tag == now.row_tag && room.keyring.check(row.clone()).is_ok() => {
                    continue;
                }
                _ => Violation::Edited,
            };
            faults.push(RowFault { table: M::TABLE.to_owned(), row: row.id(), kind });
        }
    }
}

/// The rows, and the ids of those with a value that this server could not have written.
fn parted<M: FromQueryResult>(page: &[QueryResult]) -> (Vec<M>, Vec<Uuid>) {
    let (mut rows, mut unreadable) = (Vec::with_capacity(page.len()), Vec::new());
    for row in page {
        match M::from_query_result(row, "") {
            Ok(row) => rows.push(row),
            Err(_) => unreadable.push(row.try_get("", "id").unwrap_or_default()),
        }
    }
    (rows, unreadable)
}

/// The tags that the ledger keeps of these very versions, by row key.
async fn known<M: Row>(
    room: &Room,
    snapshot: &DatabaseTransaction,
    rows: &[M],
) -> Result<HashMap<Vec<u8>, Vec<u8>>, LedgerError> {
    let keys = rows.iter().map(|row| room.keyring.row_key(M::TABLE, row.id(), row.version()).to_vec());
    let entries =
        ledger_row::Entity::find().filter(ledger_row::Column::RowKey.is_in(keys)).all(snapshot).await?;
    Ok(entries.into_iter().map(|entry| (entry.row_key, entry.row_tag)).collect())
}

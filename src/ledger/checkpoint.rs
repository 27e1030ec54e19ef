//! Signed checkpoints (C2SP tlog-checkpoint): at genesis, then at most a second after new entries. Each is kept outside the
//! database first and in it second, so that a database that was cut or rolled back is older than its own witness.

use std::{
    io::Write as _,
    path::PathBuf,
    sync::{Arc, Weak},
    time::Duration,
};

use crypto::{
    checkpoint::{self, Checkpoint, CheckpointKey},
    merkle::CompactRange,
};
use entity::{checkpoint as row, ledger};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use tokio::sync::watch;

use super::{Ledger, LedgerError, Room, append, found::origin};

/// Name of the newest checkpoint's file in its directory.
pub const CHECKPOINT_FILE: &str = "checkpoint";
/// The longest that a new entry waits for its checkpoint.
const EVERY: Duration = Duration::from_secs(1);
/// Leaf hashes read at once.
const PAGE: u64 = 10_000;

/// Refuses a database older than the newest checkpoint, then signs as entries come.
pub(super) async fn start(ledger: &Ledger, key: CheckpointKey) -> Result<(), LedgerError> {
    let room = &ledger.room;
    let mut range = range(room).await?;
    // In this order: another node may be appending and signing.
    let checkpoints = signed(room).await?;
    let head = append::head(room, room.store.read()).await?.index;
    for checkpoint in checkpoints {
        if checkpoint.size.cast_signed() > head + 1 {
            return Err(LedgerError::OlderThanCheckpoint { found: head + 1, expected: checkpoint.size });
        }
        if root_at(room, checkpoint.size).await? != checkpoint.root {
            return Err(LedgerError::Broken(checkpoint.size.cast_signed() - 1));
        }
    }
    catch_up(room, &mut range, head).await?;
    sign(room, &key, &range).await?;
    tokio::spawn(follow(Arc::downgrade(room), key, range, ledger.head()));
    Ok(())
}

impl Ledger {
    /// Waits until a checkpoint on disk covers all that is committed now. For a graceful stop.
    ///
    /// # Errors
    /// Where the file can't be read or believed.
    pub async fn settled(&self) -> Result<(), LedgerError> {
        let wanted = self.room.seen.borrow().cast_unsigned().wrapping_add(1);
        for _ in 0..50 {
            if newest_file(&self.room)?.is_some_and(|newest| newest.size >= wanted) {
                break;
            }
            tokio::time::sleep(EVERY / 10).await;
        }
        Ok(())
    }
}

/// Signs at most once a second. Ends with the last [`Ledger`]: it holds the room only while it signs.
async fn follow(
    room: Weak<Room>,
    key: CheckpointKey,
    mut range: CompactRange,
    mut head: watch::Receiver<i64>,
) {
    while head.changed().await.is_ok() {
        let newest = *head.borrow_and_update();
        let Some(room) = room.upgrade() else { return };
        let signed = async {
            catch_up(&room, &mut range, newest).await?;
            sign(&room, &key, &range).await
        };
        if let Err(error) = signed.await {
            tracing::error!(%error, "no checkpoint could be signed");
        }
        drop(room);
        tokio::time::sleep(EVERY).await;
    }
}

/// The checkpoint in the file, believed only with its signature.
pub(super) fn newest_file(room: &Room) -> Result<Option<Checkpoint>, LedgerError> {
    let file = file(room);
    let refused = |reason: String| LedgerError::Checkpoint(file.clone(), reason);
    match std::fs::read_to_string(&file) {
        Ok(note) => checkpoint::verify(&note, &room.vkey).map(Some).map_err(|e| refused(e.to_string())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(refused(e.to_string())),
    }
}

/// The newest checkpoint outside the database and the newest in it, the smaller first: either may be newer, after a crash
/// between the two or where another node signed.
pub(super) async fn signed(room: &Room) -> Result<Vec<Checkpoint>, LedgerError> {
    let inside = newest_row(room).await?.and_then(|row| checkpoint::verify(&row.note, &room.vkey).ok());
    let mut signed: Vec<_> = newest_file(room)?.into_iter().chain(inside).collect();
    signed.sort_by_key(|checkpoint| checkpoint.size);
    signed.dedup();
    Ok(signed)
}

async fn newest_row(room: &Room) -> Result<Option<row::Model>, LedgerError> {
    Ok(row::Entity::find().order_by_desc(row::Column::Number).one(room.store.read()).await?)
}

/// The root of the first `size` leaves, recomputed from the database.
pub(super) async fn root_at(room: &Room, size: u64) -> Result<[u8; 32], LedgerError> {
    let mut range = CompactRange::new();
    catch_up(room, &mut range, size.cast_signed() - 1).await?;
    Ok(range.root())
}

/// Where the last checkpoint in the database left off, if its note is good; else from the start.
async fn range(room: &Room) -> Result<CompactRange, LedgerError> {
    Ok(newest_row(room).await?.and_then(|row| believed(room, &row)).unwrap_or_default())
}

fn believed(room: &Room, row: &row::Model) -> Option<CompactRange> {
    let note = checkpoint::verify(&row.note, &room.vkey).ok()?;
    let range = CompactRange::from_bytes(&row.frontier).ok()?;
    (range.size() == note.size && range.root() == note.root).then_some(range)
}

/// Pushes the leaves up to `head` that are not in the range yet. Nothing is signed across a gap.
async fn catch_up(room: &Room, range: &mut CompactRange, head: i64) -> Result<(), LedgerError> {
    while range.size().cast_signed() <= head {
        let from = range.size().cast_signed();
        let hashes: Vec<(i64, Vec<u8>)> = ledger::Entity::find()
            .select_only()
            .column(ledger::Column::Idx)
            .column(ledger::Column::Hash)
            .filter(ledger::Column::Idx.between(from, head))
            .order_by_asc(ledger::Column::Idx)
            .limit(PAGE)
            .into_tuple()
            .all(room.store.read())
            .await?;
        if hashes.is_empty() {
            return Ok(());
        }
        for (idx, hash) in hashes {
            let expected = range.size().cast_signed();
            let hash =
                hash.try_into().ok().filter(|_| idx == expected).ok_or(LedgerError::Broken(expected))?;
            range.push(hash);
        }
    }
    Ok(())
}

async fn sign(room: &Room, key: &CheckpointKey, range: &CompactRange) -> Result<(), LedgerError> {
    let note = key.sign(&origin(room.installation), range.size(), range.root());
    // Nodes may share the directory: a later checkpoint is not replaced by an earlier one.
    if newest_file(room)?.is_none_or(|kept| kept.size < range.size()) {
        keep(room, note.clone()).await?;
    }
    let newest = newest_row(room).await?;
    let size = range.size().cast_signed();
    if newest.as_ref().is_some_and(|newest| newest.tree_size >= size) {
        return Ok(());
    }
    let next = row::Model {
        number: newest.map_or(0, |newest| newest.number + 1),
        tree_size: size,
        root: range.root().to_vec(),
        frontier: range.to_bytes(),
        note,
        created_ms: room.keyring.around().now_ms(),
    };
    let tx = room.store.begin().await?;
    match next.into_active_model().insert(tx.connection()).await {
        Ok(_) => tx.commit().await?,
        // Another node's checkpoint took the number: it says the same or more.
        Err(_) => tx.rollback().await?,
    }
    Ok(())
}

/// Replaces the file whole: synced before it gets its name, and the name synced too.
async fn keep(room: &Room, note: String) -> Result<(), LedgerError> {
    let (directory, file) = (room.checkpoints.clone(), file(room));
    let write = move || -> std::io::Result<()> {
        std::fs::create_dir_all(&directory)?;
        let mut draft = tempfile::NamedTempFile::new_in(&directory)?;
        draft.write_all(note.as_bytes())?;
        draft.as_file().sync_all()?;
        draft.persist(directory.join(CHECKPOINT_FILE)).map_err(|e| e.error)?;
        std::fs::File::open(&directory)?.sync_all()
    };
    let failed = |reason: String| LedgerError::Checkpoint(file.clone(), reason);
    tokio::task::spawn_blocking(write)
        .await
        .map_err(|e| failed(e.to_string()))?
        .map_err(|e| failed(e.to_string()))
}

fn file(room: &Room) -> PathBuf {
    room.checkpoints.join(CHECKPOINT_FILE)
}

//! The hash-chained ledger: append, follow, verify. The only issuer of [`Receipt`]s, and the only committer: every
//! write transaction of the server ends with the entries that stand for it, or does not end at all.
//!
//! Each leaf is chained to the one before, is a leaf of an RFC 6962 tree whose root a signed checkpoint states outside
//! the database, and carries an HMAC, so who edits the database without the keys can neither rewrite nor extend.
//!
//! To add a kind of entry: an action name in the room that makes it, and `tx.append(Draft::new(…))` there.

mod append;
mod checkpoint;
mod current;
mod found;
mod leaf;
mod newest;
mod read;
mod subjects;
mod tx;
mod verify;
mod verify_rows;
mod writer;

use std::{path::PathBuf, sync::Arc};

use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::{
    keyring::{IntegrityViolation, Keyring, KeyringError, Unsealer},
    store::{Store, StoreError},
};

pub use checkpoint::CHECKPOINT_FILE;
pub(crate) use leaf::role_name;
pub use leaf::{By, Draft, Outcome};
pub use read::{Entry, Filter};
pub use tx::{Row, Tx};
pub use verify::{Fault, Verdict};
pub use verify_rows::RowFault;
pub use writer::{Transient, Written};

/// Entries and jobs that may wait for the writer before callers are told to come back.
const QUEUE: usize = 4096;

/// Proof that an entry is committed. Made here alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    index: i64,
    hash: [u8; 32],
}

impl Receipt {
    /// The entry's index, from 0.
    #[must_use]
    pub fn index(&self) -> i64 {
        self.index
    }

    /// Its RFC 6962 leaf hash.
    #[must_use]
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}

/// Why something could not be recorded; nothing was then written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key is missing.
    #[error(transparent)]
    Keyring(KeyringError),
    /// A row was changed by somebody without the keys.
    #[error(transparent)]
    Integrity(#[from] IntegrityViolation),
    /// Somebody else changed the row first.
    #[error("somebody else changed the same row first: read it again and retry")]
    Conflict,
    /// Too much is waiting.
    #[error("too many changes are waiting: retry in a second")]
    Overloaded,
    /// A transaction wrote protected rows without an entry that stands for them.
    #[error("a protected row was written without a ledger entry")]
    Unrecorded,
    /// The end of the chain is not what this server wrote, or is behind what it has seen.
    #[error("the ledger was cut or edited at index {0}: run `medicrypt ledger verify`")]
    Broken(i64),
    /// The database is older than the newest checkpoint.
    #[error(
        "the ledger ends at {found}, but a checkpoint for {expected} entries was signed: this is an older copy of the database"
    )]
    OlderThanCheckpoint {
        /// Entries in the database.
        found: i64,
        /// Entries the checkpoint states.
        expected: u64,
    },
    /// The checkpoint file could not be read, written or believed.
    #[error("checkpoint `{0}`: {1}")]
    Checkpoint(PathBuf, String),
    /// The writer's batch failed as a whole.
    #[error("nothing was recorded: {0}")]
    Batch(Arc<LedgerError>),
    /// The writer has stopped, or the job died.
    #[error("the ledger's writer is not running")]
    Stopped,
}

impl From<sea_orm::DbErr> for LedgerError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl From<KeyringError> for LedgerError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Integrity(violation) => Self::Integrity(violation),
            other => Self::Keyring(other),
        }
    }
}

/// The ledger of one installation. Cheap to clone; the writer stops when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Ledger {
    room: Arc<Room>,
    queue: mpsc::Sender<writer::Work>,
}

/// What the writer and the readers share.
#[derive(Debug)]
struct Room {
    store: Arc<Store>,
    keyring: Arc<Keyring>,
    unsealer: Unsealer,
    installation: Uuid,
    checkpoints: PathBuf,
    vkey: String,
    /// Index of the newest entry that this process knows to be committed.
    seen: watch::Sender<i64>,
    subjects: subjects::Subjects,
    newest: newest::Newest,
}

impl Ledger {
    /// Opens the ledger, founding it (installation, checkpoint key, genesis entry) in an empty database.
    /// `checkpoints` is a directory outside the database.
    ///
    /// # Errors
    /// [`LedgerError::OlderThanCheckpoint`], [`LedgerError::Broken`], and failures of the stores.
    pub async fn open(
        store: Arc<Store>,
        keyring: Arc<Keyring>,
        unsealer: Unsealer,
        checkpoints: PathBuf,
        paillier_public: &[u8],
    ) -> Result<Self, LedgerError> {
        let (room, signer) = found::open(store, keyring, unsealer, checkpoints, paillier_public).await?;
        let room = Arc::new(room);
        let (queue, work) = mpsc::channel(QUEUE);
        tokio::spawn(writer::run(room.clone(), work));
        let ledger = Self { room, queue };
        found::begin(&ledger).await?;
        match ledger.room.read_on(ledger.room.store.read()).await {
            Ok(_) => {}
            // It opens all the same, to be verified; until then no row is held.
            Err(error @ LedgerError::Broken(_)) => tracing::error!(%error, "no row can be believed"),
            Err(error) => return Err(error),
        }
        checkpoint::start(&ledger, signer).await?;
        Ok(ledger)
    }

    /// The installation's id.
    #[must_use]
    pub fn installation(&self) -> Uuid {
        self.room.installation
    }

    /// The public key of the checkpoints, as a C2SP verifier key.
    #[must_use]
    pub fn vkey(&self) -> &str {
        &self.room.vkey
    }

    /// Index of the newest entry known here, changing as entries are committed.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<i64> {
        self.room.seen.subscribe()
    }
}

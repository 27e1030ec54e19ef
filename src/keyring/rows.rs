//! Row tags: a row on which access, identity, budget or statistics decide is believed only with its HMAC.

use std::{fmt, ops::Deref};

use crypto::{encoding::Encoder, mac};
use entity::Protected;
use uuid::Uuid;

use super::{Keyring, SystemKey};

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Violation {
    /// Its content is not what was written.
    Edited,
    /// It is an older version of itself.
    Stale,
    /// The ledger knows it, the table does not.
    Missing,
    /// The table has it, the ledger does not, or knows it as deleted.
    Resurrected,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Edited => "edited",
            Self::Stale => "stale",
            Self::Missing => "missing",
            Self::Resurrected => "resurrected",
        })
    }
}

/// A row that somebody without the keys has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row `{row}` of `{table}` is {kind}: it is not what this server wrote")]
pub struct IntegrityViolation {
    /// The table, or `table.column` where one sealed column does not open.
    pub table: String,
    /// The row.
    pub row: Uuid,
    /// How.
    pub kind: Violation,
}

impl IntegrityViolation {
    /// A violation of one kind.
    #[must_use]
    pub fn new(table: &str, row: Uuid, kind: Violation) -> Self {
        Self { table: table.to_owned(), row, kind }
    }

    pub(super) fn in_column(table: &str, column: &str, row: Uuid) -> Self {
        Self { table: format!("{table}.{column}"), row, kind: Violation::Edited }
    }

    pub(super) fn of_envelope() -> Self {
        Self::new("key store", Uuid::nil(), Violation::Edited)
    }
}

/// A row whose tag was right when it was loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked<M>(M);

impl<M> Checked<M> {
    /// The row itself, to make the next version of.
    #[must_use]
    pub fn into_inner(self) -> M {
        self.0
    }
}

impl<M> Deref for Checked<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.0
    }
}

/// What the ledger keeps of one written row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    /// The table.
    pub table: &'static str,
    /// The row.
    pub id: Uuid,
    /// Its new version.
    pub version: i64,
    /// HMAC of (table, id, version): finds the entry of a version without knowing its content.
    pub row_key: mac::Mac,
    /// HMAC of (table, id, version, hash of the content).
    pub row_tag: mac::Mac,
}

impl Keyring {
    /// Believes a loaded row, or names it.
    ///
    /// # Errors
    /// [`IntegrityViolation`] where the tag does not fit.
    pub fn check<M: Protected>(&self, row: M) -> Result<Checked<M>, IntegrityViolation> {
        if mac::equal(&self.row_mac(SystemKey::RowTag, "medicrypt/row/v1", &row), row.tag()) {
            Ok(Checked(row))
        } else {
            Err(IntegrityViolation::new(M::TABLE, row.id(), Violation::Edited))
        }
    }

    /// Believes several.
    ///
    /// # Errors
    /// The first [`IntegrityViolation`].
    pub fn check_all<M: Protected>(&self, rows: Vec<M>) -> Result<Vec<Checked<M>>, IntegrityViolation> {
        rows.into_iter().map(|row| self.check(row)).collect()
    }

    /// Tags a row that is about to be written, and says what the ledger is to keep of it.
    pub fn tag<M: Protected>(&self, row: &mut M) -> RowChange {
        row.set_tag(self.row_mac(SystemKey::RowTag, "medicrypt/row/v1", row).to_vec());
        self.row_change(row)
    }

    /// What the ledger holds, or should hold, of a row as it is.
    pub fn row_change<M: Protected>(&self, row: &M) -> RowChange {
        RowChange {
            table: M::TABLE,
            id: row.id(),
            version: row.version(),
            row_key: self.row_key(M::TABLE, row.id(), row.version()),
            row_tag: self.row_mac(SystemKey::RowChange, "medicrypt/row-change/v1", row),
        }
    }

    /// Where the ledger keeps a version of a row.
    #[must_use]
    pub fn row_key(&self, table: &str, id: Uuid, version: i64) -> mac::Mac {
        let message =
            Encoder::new("medicrypt/row-key/v1").str(table).bytes(id.as_bytes()).i64(version).finish();
        self.mac(SystemKey::RowChange, &message)
    }

    fn row_mac<M: Protected>(&self, key: SystemKey, domain: &str, row: &M) -> mac::Mac {
        let message = Encoder::new(domain)
            .str(M::TABLE)
            .bytes(row.id().as_bytes())
            .i64(row.version())
            .bytes(&mac::sha256(&row.content()))
            .finish();
        self.mac(key, &message)
    }
}

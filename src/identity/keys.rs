//! Keys through time: which key this is, whose, and at which ledger indexes its signatures count.

use crypto::signature::PublicKey;
use entity::signing_key::{self, Column, KeyStatus};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use uuid::Uuid;

use super::{Identity, IdentityError, login::fingerprint};
use crate::keyring::{Checked, IntegrityViolation, Violation};

const TABLE: &str = "signing_key";

/// A key and the ledger indexes between which it was good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Its row.
    pub id: Uuid,
    /// The version of its row.
    pub version: i64,
    /// Whose it is.
    pub account: Uuid,
    /// The key.
    pub public: PublicKey,
    /// Whether it may sign now.
    pub status: KeyStatus,
    /// When it came, in milliseconds UTC.
    pub created_ms: i64,
    /// Index of the entry with which it came.
    pub since: i64,
    /// Index from which on it no longer counts: of the entry that replaced or revoked it, or the earlier one from which
    /// it is said to have been in other hands.
    pub until: Option<i64>,
}

impl SigningKey {
    /// Whether a signature that was recorded in entry `index` counts.
    #[must_use]
    pub fn valid_at(&self, index: i64) -> bool {
        self.since <= index && self.until.is_none_or(|until| index < until)
    }
}

impl Identity {
    /// The key of that [`PublicKey::key_id`], held against the ledger: a rolled-back revocation is found out.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`]; integrity where the row was changed.
    pub async fn signing_key(&self, key_id: &str) -> Result<SigningKey, IdentityError> {
        let moment = self.store.snapshot().await?;
        let row = self.key_row(&moment, key_id).await?.ok_or(IdentityError::NotFound)?;
        self.ledger.hold(&moment, &row).await?;
        drop(moment);
        self.history(&row).await
    }

    /// All keys an account ever had, oldest first.
    ///
    /// # Errors
    /// Integrity where a row was changed.
    pub async fn keys_of(&self, account: Uuid) -> Result<Vec<SigningKey>, IdentityError> {
        let own = signing_key::Entity::find().filter(Column::AccountId.eq(account));
        let own = own.order_by_asc(Column::CreatedMs).order_by_asc(Column::Id);
        let moment = self.store.snapshot().await?;
        let rows = self.keyring.check_all(own.all(&moment).await?)?;
        self.ledger.hold_all(&moment, &rows).await?;
        drop(moment);
        let mut keys = Vec::with_capacity(rows.len());
        for row in &rows {
            keys.push(self.history(row).await?);
        }
        Ok(keys)
    }

    /// The row of a key id, not held.
    pub(super) async fn key_row(
        &self,
        connection: &impl ConnectionTrait,
        key_id: &str,
    ) -> Result<Option<Checked<signing_key::Model>>, IdentityError> {
        let named = Column::Fingerprint.eq(fingerprint(key_id));
        let row = signing_key::Entity::find().filter(named).one(connection).await?;
        Ok(row.map(|row| self.keyring.check(row)).transpose()?)
    }

    async fn history(&self, row: &Checked<signing_key::Model>) -> Result<SigningKey, IdentityError> {
        let edited = || IntegrityViolation::new(TABLE, row.id, Violation::Edited);
        let since = self.ledger.index_of(TABLE, row.id, 1).await?.ok_or_else(edited)?;
        // Whatever a key's first change is, replaced or revoked, from then on it signs no more.
        let ended = match row.version {
            1 => None,
            _ => Some(self.ledger.index_of(TABLE, row.id, 2).await?.ok_or_else(edited)?),
        };
        Ok(SigningKey {
            id: row.id,
            version: row.version,
            account: row.account_id,
            public: PublicKey::from_spki_der(&row.spki).map_err(|_| edited())?,
            status: row.status,
            created_ms: row.created_ms,
            since,
            until: ended.into_iter().chain(row.revoked_since).min(),
        })
    }
}

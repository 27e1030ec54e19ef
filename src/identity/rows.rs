//! Reading rows of accounts so that they can be believed, inside the write transaction that changes them.
//!
//! An account's row is the lock of everything about the account: who changes its keys, codes, sessions or attributes
//! holds it, and login compares its version.

use entity::{
    CodeStatus, SessionStatus, account, enrolment_code, session,
    signing_key::{self, KeyStatus},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, ExprTrait as _, QueryFilter as _, QuerySelect as _};
use uuid::Uuid;

use super::{Identity, IdentityError};
use crate::{keyring::Checked, ledger::Tx};

impl Identity {
    /// The account, locked and held against the ledger.
    pub(super) async fn locked(&self, tx: &Tx, id: Uuid) -> Result<Checked<account::Model>, IdentityError> {
        let row = account::Entity::find_by_id(id).lock_exclusive().one(tx.connection()).await?;
        let row = self.keyring.check(row.ok_or(IdentityError::NotFound)?)?;
        tx.hold(std::slice::from_ref(&row)).await?;
        Ok(row)
    }

    /// The keys of a locked account, held.
    pub(super) async fn locked_keys(
        &self,
        tx: &Tx,
        account: Uuid,
    ) -> Result<Vec<Checked<signing_key::Model>>, IdentityError> {
        let own = signing_key::Column::AccountId.eq(account);
        let rows = signing_key::Entity::find().filter(own).lock_exclusive().all(tx.connection()).await?;
        let rows = self.keyring.check_all(rows)?;
        tx.hold(&rows).await?;
        Ok(rows)
    }

    /// Closes every open session of a locked account.
    pub(super) async fn close_sessions(&self, tx: &mut Tx, account: Uuid) -> Result<(), IdentityError> {
        let open =
            session::Column::Status.eq(SessionStatus::Open).and(session::Column::AccountId.eq(account));
        let rows = session::Entity::find().filter(open).lock_exclusive().all(tx.connection()).await?;
        let rows = self.keyring.check_all(rows)?;
        tx.hold(&rows).await?;
        for row in &rows {
            tx.update(row, |row| row.status = SessionStatus::Closed).await?;
        }
        Ok(())
    }

    /// Kills every open enrolment code of a locked account.
    pub(super) async fn close_codes(&self, tx: &mut Tx, account: Uuid) -> Result<(), IdentityError> {
        let open = enrolment_code::Column::Status
            .eq(CodeStatus::Open)
            .and(enrolment_code::Column::AccountId.eq(account));
        let rows = enrolment_code::Entity::find().filter(open).lock_exclusive().all(tx.connection()).await?;
        let rows = self.keyring.check_all(rows)?;
        tx.hold(&rows).await?;
        for row in &rows {
            tx.update(row, |row| row.status = CodeStatus::Used).await?;
        }
        Ok(())
    }

    /// Makes `key` the account's active one; the one before is replaced. The same key again is kept.
    pub(super) async fn take_key(
        &self,
        tx: &mut Tx,
        account: Uuid,
        key: &crypto::signature::PublicKey,
    ) -> Result<Uuid, IdentityError> {
        let seen = signing_key::Column::Fingerprint.eq(key.fingerprint().to_vec());
        let seen = signing_key::Entity::find().filter(seen).one(tx.connection()).await?;
        if let Some(seen) = seen {
            let seen = self.keyring.check(seen)?;
            if seen.account_id != account || seen.status != KeyStatus::Active {
                return Err(IdentityError::KeyInUse);
            }
            tx.hold(std::slice::from_ref(&seen)).await?;
            return Ok(seen.id);
        }
        for old in self.locked_keys(tx, account).await? {
            if old.status == KeyStatus::Active {
                tx.update(&old, |old| old.status = KeyStatus::Replaced).await?;
            }
        }
        let row = signing_key::Model {
            id: self.keyring.around().uuid(),
            account_id: account,
            fingerprint: key.fingerprint().to_vec(),
            spki: key.spki_der().to_vec(),
            status: KeyStatus::Active,
            revoked_since: None,
            created_ms: self.now_ms(),
            version: 1,
            tag: Vec::new(),
        };
        let made =
            tx.insert(row).await.map_err(|e| IdentityError::or_if_taken(e, IdentityError::KeyInUse))?;
        Ok(made.id)
    }
}

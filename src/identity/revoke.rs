//! Revoking a key that is lost or in other hands.

use entity::signing_key::KeyStatus;

use super::{Identity, IdentityError};
use crate::ledger::Tx;

impl Identity {
    /// Ends a key in the caller's transaction, with every session of its account; the caller appends the entry.
    /// `compromised_since` is the ledger index from which its signatures no longer count; without one, they count up to
    /// this very entry. A revocation can be dated back further, never forward.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], [`IdentityError::NoSuchEntry`]; integrity where a row was changed.
    pub async fn revoke(
        &self,
        tx: &mut Tx,
        key_id: &str,
        compromised_since: Option<i64>,
    ) -> Result<(), IdentityError> {
        let newest = *self.ledger.head().borrow();
        if let Some(index) = compromised_since.filter(|index| !(0..=newest).contains(index)) {
            return Err(IdentityError::NoSuchEntry(index));
        }
        let account = self.key_row(tx.connection(), key_id).await?.ok_or(IdentityError::NotFound)?.account_id;
        let account = self.locked(tx, account).await?;
        let fingerprint = super::login::fingerprint(key_id);
        let keys = self.locked_keys(tx, account.id).await?;
        let key =
            keys.into_iter().find(|key| key.fingerprint == fingerprint).ok_or(IdentityError::NotFound)?;
        let since = key.revoked_since.into_iter().chain(compromised_since).min();
        if key.status != KeyStatus::Revoked || since != key.revoked_since {
            tx.update(&key, |key| {
                key.status = KeyStatus::Revoked;
                key.revoked_since = since;
            })
            .await?;
            // A login by this key that is under way sees another version of the account.
            tx.update(&account, |_| ()).await?;
        }
        self.close_sessions(tx, account.id).await
    }
}

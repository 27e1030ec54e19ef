//! Disabling an account: its user is out at once, and what was signed stays verifiable.

use entity::UserStatus;
use uuid::Uuid;

use super::{Identity, IdentityError};
use crate::ledger::Tx;

impl Identity {
    /// Closes the account with all its sessions and codes, in the caller's transaction; the caller appends the entry.
    /// [`Identity::invite`] opens it again.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`]; integrity where a row was changed.
    pub async fn disable(&self, tx: &mut Tx, account: Uuid) -> Result<(), IdentityError> {
        let row = self.locked(tx, account).await?;
        if row.status != UserStatus::Disabled {
            tx.update(&row, |row| row.status = UserStatus::Disabled).await?;
        }
        self.close_sessions(tx, account).await?;
        self.close_codes(tx, account).await
    }
}

//! Inviting a user to enrol, for the first time or anew.

use entity::{CodeStatus, UserStatus, enrolment_code};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Identity, IdentityError};
use crate::ledger::Tx;

/// How long a code is good, in milliseconds: three days, so that one given on a Friday is good on Monday.
const LIFE_MS: i64 = 72 * 60 * 60 * 1000;

/// A code that is handed to the user, by another way than this server's.
#[derive(Debug)]
pub struct Invitation {
    /// 160 random bits as `XXXX-XXXX-…`; shown once, good once.
    pub code: SecretString,
    /// Until when, in milliseconds UTC.
    pub expires_ms: i64,
}

impl Identity {
    /// Lets the account's user enrol, in the caller's transaction; the caller appends the entry. Older codes, sessions
    /// and the password are dead at once, whatever the account was: so a lost or stolen key or password, and a disabled
    /// account that is wanted again, are all one invitation.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`]; integrity where a row was changed.
    pub async fn invite(&self, tx: &mut Tx, account: Uuid) -> Result<Invitation, IdentityError> {
        let row = self.locked(tx, account).await?;
        if row.status != UserStatus::Invited {
            tx.update(&row, |row| {
                row.status = UserStatus::Invited;
                row.password_hash = None;
            })
            .await?;
        }
        self.close_sessions(tx, account).await?;
        self.close_codes(tx, account).await?;
        let invitation = Invitation { code: self.new_code(), expires_ms: self.now_ms() + LIFE_MS };
        tx.insert(enrolment_code::Model {
            id: self.keyring.around().uuid(),
            account_id: account,
            code_tag: self.code_tag(&invitation.code).to_vec(),
            expires_ms: invitation.expires_ms,
            status: CodeStatus::Open,
            version: 1,
            tag: Vec::new(),
        })
        .await?;
        Ok(invitation)
    }
}

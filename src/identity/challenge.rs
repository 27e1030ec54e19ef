//! Login challenges: the same answer, rows and time for names that exist and names that don't.

use crypto::{encoding::Encoder, mac::Mac};
use entity::{
    ChallengeStatus,
    challenge::{self, Column},
};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};

use super::{Identity, IdentityError, Username};
use crate::{
    keyring::{Checked, SystemKey},
    ledger::{By, Draft, LedgerError, Outcome, Tx},
};

/// How long a challenge can be answered, in milliseconds.
const LIFE_MS: i64 = 2 * 60 * 1000;

impl Identity {
    /// 32 random bytes in base64url for this user name to sign, good once within two minutes.
    ///
    /// # Errors
    /// Where the ledger or the database fails. Whether the user exists is not told.
    pub async fn login_challenge(&self, username: &str) -> Result<String, IdentityError> {
        let challenge = self.new_challenge();
        let row = challenge::Model {
            id: self.keyring.around().uuid(),
            account_tag: self.asker_tag(username).to_vec(),
            challenge_tag: self.challenge_tag(&challenge).to_vec(),
            expires_ms: self.now_ms() + LIFE_MS,
            status: ChallengeStatus::Open,
            version: 1,
            tag: Vec::new(),
        };
        self.ledger
            .write("login challenge", move |tx| {
                let row = row.clone();
                Box::pin(async move {
                    tx.insert(row).await?;
                    tx.append(Draft::new(By::Unknown, "LOGIN_CHALLENGE", Outcome::Granted));
                    Ok::<_, IdentityError>(())
                })
            })
            .await?;
        Ok(challenge)
    }

    /// The row of a challenge that this user name may answer now.
    pub(super) async fn open_challenge(
        &self,
        connection: &impl ConnectionTrait,
        username: &str,
        challenge: &str,
    ) -> Result<Option<Checked<challenge::Model>>, IdentityError> {
        let named = Column::ChallengeTag.eq(self.challenge_tag(challenge).to_vec());
        let row = challenge::Entity::find().filter(named).one(connection).await?;
        let row = row.map(|row| self.keyring.check(row)).transpose()?;
        Ok(row.filter(|row| {
            let own = crypto::mac::equal(&row.account_tag, &self.asker_tag(username));
            own && row.status == ChallengeStatus::Open && self.now_ms() < row.expires_ms
        }))
    }

    /// HMAC of the user name that asks; of the text itself where it can be none.
    fn asker_tag(&self, typed: &str) -> Mac {
        let asker = Encoder::new("medicrypt/challenge-user/v1");
        let asker = match Username::parse(typed) {
            Ok(name) => asker.str(name.as_str()),
            Err(_) => asker.str(typed),
        };
        self.keyring.mac(SystemKey::Username, &asker.finish())
    }
}

/// Uses a challenge up.
///
/// # Errors
/// [`LedgerError::Conflict`] where somebody else has.
pub(super) async fn spend(tx: &mut Tx, challenge: &Checked<challenge::Model>) -> Result<(), LedgerError> {
    tx.update(challenge, |row| row.status = ChallengeStatus::Used).await?;
    Ok(())
}

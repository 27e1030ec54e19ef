//! Patients who register themselves: no code, but a challenge that is spent when the account is made.

use std::sync::Arc;

use crypto::{password::check_policy, signature::PublicKey};
use entity::{account, challenge};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use secrecy::SecretString;
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

use super::{
    Identity, IdentityError, NewUser, Username, challenge::spend, enrol::possesses, payload::PasswordHash,
};
use crate::{
    keyring::Checked,
    ledger::{LedgerError, Tx},
};

/// User names looked at in one statement.
const PAGE: u64 = 64;

/// What a patient brings.
#[derive(Clone)]
pub struct Registration {
    /// The user name, from [`Identity::free_username`] or of one's own, written as in the signed text.
    pub username: String,
    /// The challenge that [`Identity::login_challenge`] gave for this user name.
    pub challenge: String,
    /// The password to be.
    pub password: SecretString,
    /// The key to be.
    pub key: PublicKey,
    /// Its signature over [`crypto::signed_text::Enrol`]'s text, with the challenge in the code's place.
    pub signature: Vec<u8>,
}

/// A registration that was proven, its password hashed: ready for the transaction.
#[derive(Clone)]
pub struct Registered {
    username: Username,
    key: PublicKey,
    hash: Arc<PasswordHash>,
    challenge: Checked<challenge::Model>,
}

impl Registered {
    /// The user name, normalised: what [`NewUser`] takes.
    #[must_use]
    pub fn username(&self) -> &Username {
        &self.username
    }
}

impl Identity {
    /// The first user name that is free for a given name: `first@DOMAIN`, `first2@DOMAIN`, …
    ///
    /// # Errors
    /// [`IdentityError::Name`] where nothing readable is left of the name.
    pub async fn free_username(&self, given_name: &str) -> Result<Username, IdentityError> {
        // Accents come off; other scripts stay as they are.
        let plain = given_name.nfkd().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        for first in (1..).step_by(usize::try_from(PAGE).unwrap_or(usize::MAX)) {
            let names = (first..first + PAGE).map(|n| {
                let number = if n == 1 { String::new() } else { n.to_string() };
                Username::parse(&format!("{plain}{number}@{}", self.settings.patient_domain))
            });
            let names = names.collect::<Result<Vec<_>, _>>()?;
            let tags = names.iter().map(|name| self.username_tag(name).to_vec());
            let taken: Vec<Vec<u8>> = account::Entity::find()
                .select_only()
                .column(account::Column::UsernameTag)
                .filter(account::Column::UsernameTag.is_in(tags))
                .into_tuple()
                .all(self.store.read())
                .await?;
            let free = |name: &Username| !taken.iter().any(|tag| tag[..] == self.username_tag(name));
            if let Some(name) = names.into_iter().find(free) {
                return Ok(name);
            }
        }
        Err(IdentityError::UsernameTaken)
    }

    /// Checks a registration and hashes its password, before the transaction.
    ///
    /// # Errors
    /// [`IdentityError::WrongCredentials`] for the challenge, [`IdentityError::Password`],
    /// [`IdentityError::Signature`], [`IdentityError::Name`].
    pub async fn prove(&self, registration: &Registration) -> Result<Registered, IdentityError> {
        let Registration { username, challenge, password, key, signature } = registration;
        let name = Username::parse(username)?;
        check_policy(password)?;
        possesses(username, challenge, key, signature)?;
        let moment = self.store.snapshot().await?;
        let open = self.open_challenge(&moment, username, challenge).await?;
        let open = open.ok_or(IdentityError::WrongCredentials)?;
        self.ledger.hold(&moment, &open).await?;
        drop(moment);
        let hash = Arc::new(self.gate.passwords.hash(password).await?);
        Ok(Registered { username: name, key: key.clone(), hash, challenge: open })
    }

    /// Makes the account, active at once, in the caller's transaction; the caller appends the entry. The user name is
    /// the one that was proven.
    ///
    /// # Errors
    /// [`IdentityError::UsernameTaken`], [`IdentityError::KeyInUse`], [`IdentityError::WrongCredentials`] where the
    /// challenge was used meanwhile.
    pub async fn register(
        &self,
        tx: &mut Tx,
        user: &NewUser,
        proven: &Registered,
    ) -> Result<Uuid, IdentityError> {
        spend(tx, &proven.challenge).await.map_err(|error| match error {
            LedgerError::Conflict => IdentityError::WrongCredentials,
            other => other.into(),
        })?;
        let user = NewUser { username: proven.username.clone(), ..user.clone() };
        let account = self.create_active(tx, &user, &proven.hash).await?;
        self.take_key(tx, account, &proven.key).await?;
        Ok(account)
    }
}

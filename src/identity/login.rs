//! Login: a password, and a signature over a challenge by the account's active key.
//!
//! Unknown user, wrong password, wrong key, wrong or used challenge are one error and the same work: as many statements,
//! one RSA verification, one bcrypt, one transaction. The challenge is spent whatever the outcome, and in the
//! transaction that makes the session.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use crypto::{
    signature::PublicKey,
    signed_text::{Login, LoginPurpose, SignedText as _},
};
use entity::{
    Role, SessionStatus, UserStatus, account, challenge, session,
    signing_key::{self, KeyStatus},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use secrecy::SecretString;
use uuid::Uuid;

use super::{
    Identity, IdentityError, Username,
    backoff::{self, Subject},
    challenge::spend,
    payload::PasswordHash,
};
use crate::{
    keyring::Checked,
    ledger::{By, Draft, LedgerError, Outcome},
};

/// Nobody's key: what a signature is verified against where there is none.
const DECOY: &str = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAy0LAkgb8+6CClkieUl2j\nIEph98/1wWP0aKdJIB3kgJkHR/oxJey/TmLVrsw18Nc680P5VP6TryVbUx0xY8Gn\nW38JSHQL/9hqjlyRdkoTNTKyGOxoC+/MWdwMUsYQgg+IbREaLfX5TFQoRVcmg7Uw\nuWhm0WN962yY8LDacBdFRIKi1HhfuGe3qJ/dv6f60qrSpnZEqVBdPXobAd1oHE59\nORQB/x3tinHshHSwIX4GPFivr232LYy+icf+5WUqd6g0PQVeRe6mqkqhagO7+JA7\noMbF4ApCCCSGpdTd3UHAc1mW4pig6mvci3w460hRkXic628M88zs+pxeQv/78UnO\nWQIDAQAB\n-----END PUBLIC KEY-----\n";

/// What is sent to log in.
#[derive(Clone)]
pub struct LoginInput {
    /// The user name, written as in the signed text.
    pub username: String,
    /// The password.
    pub password: SecretString,
    /// The challenge that [`Identity::login_challenge`] gave for this user name.
    pub challenge: String,
    /// [`PublicKey::key_id`] of the key that signs.
    pub key_id: String,
    /// The server's address as the client sees it.
    pub origin: String,
    /// The signature over [`Login`]'s text.
    pub signature: Vec<u8>,
    /// Where it comes from, an IP address; for back-off and the ledger.
    pub address: String,
}

/// A new session.
#[derive(Debug)]
pub struct LoggedIn {
    /// The bearer token. Shown once, kept nowhere.
    pub token: SecretString,
    /// When the session ends by itself, in milliseconds UTC.
    pub expires_ms: i64,
    /// The account.
    pub account: Uuid,
    /// Its role.
    pub role: Role,
}

/// What there is about an attempt; the user name may be nobody's.
struct Evidence {
    account: Option<Checked<account::Model>>,
    key: Option<Checked<signing_key::Model>>,
    challenge: Option<Checked<challenge::Model>>,
}

/// What an attempt proved before its password is looked at.
struct Proven {
    account: Checked<account::Model>,
    key: Uuid,
}

impl Identity {
    /// Opens a session.
    ///
    /// # Errors
    /// [`IdentityError::WrongCredentials`] for everything that is wrong, [`IdentityError::TooManyAttempts`],
    /// [`IdentityError::Overloaded`]; integrity where a row that decides was changed.
    pub async fn login(&self, input: LoginInput) -> Result<LoggedIn, IdentityError> {
        let evidence = self.evidence(&input).await?;
        let hash = self.password_hash(evidence.account.as_ref())?;
        let known = evidence.account.as_ref().map(|account| account.id);
        let (proven, challenge) = (self.proven(&input, &evidence), evidence.challenge);
        let subject = match &proven {
            Some(proven) => self.account_subject(proven.account.id),
            None => self.address_subject(&input.address),
        };
        // Who holds a key tries passwords one after the other: otherwise all of many at once would be free.
        let _turn = match &proven {
            Some(_) => Some(self.gate.turns[subject.place(self.gate.turns.len())].lock().await),
            None => None,
        };
        self.heard(subject).await?;
        let right = self.gate.passwords.verify(&input.password, hash).await?;
        if let (Some(proven), Some(challenge), true) = (proven, challenge.clone(), right) {
            match self.open_session(proven, challenge, &input.address).await {
                // The same challenge was faster elsewhere, or the account has just changed.
                Err(IdentityError::Ledger(LedgerError::Conflict)) => {}
                session => return session,
            }
        }
        self.record_failure(known, challenge, subject, &input.address).await?;
        Err(IdentityError::WrongCredentials)
    }

    async fn evidence(&self, input: &LoginInput) -> Result<Evidence, IdentityError> {
        // A name that can't be one has the tag of the empty name, which is nobody's.
        let tag = match Username::parse(&input.username) {
            Ok(name) => self.username_tag(&name),
            Err(_) => self.keyring.mac(crate::keyring::SystemKey::Username, b""),
        };
        let moment = self.store.snapshot().await?;
        let read = &moment;
        let named = account::Column::UsernameTag.eq(tag.to_vec());
        let account = account::Entity::find().filter(named).one(read).await?;
        let account = account.map(|row| self.keyring.check(row)).transpose()?;
        let key = self.key_row(read, &input.key_id).await?;
        let challenge = self.open_challenge(read, &input.username, &input.challenge).await?;
        let rows = [
            account.as_ref().map(|row| self.keyring.row_change(&**row)),
            key.as_ref().map(|row| self.keyring.row_change(&**row)),
            challenge.as_ref().map(|row| self.keyring.row_change(&**row)),
        ];
        self.ledger.hold_changes(read, &rows.into_iter().flatten().collect::<Vec<_>>(), &[]).await?;
        Ok(Evidence { account, key, challenge })
    }

    /// The hash of an account that may log in.
    fn password_hash(
        &self,
        account: Option<&Checked<account::Model>>,
    ) -> Result<Option<PasswordHash>, IdentityError> {
        let Some(account) = account.filter(|account| account.status == UserStatus::Active) else {
            return Ok(None);
        };
        let sealed = account.password_hash.as_ref();
        Ok(sealed.map(|sealed| self.unsealer.open(account.id, account.version, sealed)).transpose()?)
    }

    /// A good signature by the active key of an active account, over an open challenge, for this server.
    fn proven(&self, input: &LoginInput, evidence: &Evidence) -> Option<Proven> {
        let text = Login {
            user: input.username.clone(),
            challenge: input.challenge.clone(),
            purpose: LoginPurpose::Login,
            origin: input.origin.clone(),
            key_id: input.key_id.clone(),
        };
        // A text that can't be signed is verified all the same, for the time it takes.
        let text = text.text().ok();
        let public = evidence.key.as_ref().and_then(|key| PublicKey::from_spki_der(&key.spki).ok());
        let public = public.or_else(|| PublicKey::from_spki_pem(DECOY).ok())?;
        let signed = public.verify(text.as_deref().unwrap_or_default().as_bytes(), &input.signature).is_ok();

        let origins = &self.settings.origins;
        let here = origins.is_empty() || origins.contains(&input.origin);
        let account = evidence.account.clone().filter(|account| account.status == UserStatus::Active)?;
        let key = evidence.key.as_ref()?;
        let own = key.account_id == account.id && key.status == KeyStatus::Active;
        let good = signed && text.is_some() && here && own && evidence.challenge.is_some();
        good.then(|| Proven { account, key: key.id })
    }

    async fn open_session(
        &self,
        proven: Proven,
        challenge: Checked<challenge::Model>,
        address: &str,
    ) -> Result<LoggedIn, IdentityError> {
        let (token, now_ms) = (self.new_token(), self.now_ms());
        let expires_ms = now_ms + self.settings.session_hours * 60 * 60 * 1000;
        let (account, role) = (proven.account.id, proven.account.role);
        let row = session::Model {
            id: self.keyring.around().uuid(),
            account_id: account,
            token_tag: self.token_tag(&token).to_vec(),
            signing_key_id: proven.key,
            created_ms: now_ms,
            expires_ms,
            status: SessionStatus::Open,
            version: 1,
            tag: Vec::new(),
        };
        let entry = Draft::new(By::Account(account, role), "LOGIN", Outcome::Granted)
            .with("session", row.id)
            .with("key", proven.key)
            .with("address", address);
        let this = self.clone();
        let (version, subject) = (proven.account.version, self.account_subject(account));
        self.ledger
            .write("login", move |tx| {
                let (this, challenge, row, entry) =
                    (this.clone(), challenge.clone(), row.clone(), entry.clone());
                Box::pin(async move {
                    if this.locked(tx, account).await?.version != version {
                        return Err(LedgerError::Conflict.into());
                    }
                    spend(tx, &challenge).await?;
                    backoff::forget(tx.connection(), subject).await?;
                    tx.insert(row).await?;
                    tx.append(entry);
                    Ok::<_, IdentityError>(())
                })
            })
            .await?;
        Ok(LoggedIn { token, expires_ms, account, role })
    }

    async fn record_failure(
        &self,
        known: Option<Uuid>,
        challenge: Option<Checked<challenge::Model>>,
        subject: Subject,
        address: &str,
    ) -> Result<(), IdentityError> {
        let mut entry = Draft::new(By::Unknown, "LOGIN", Outcome::Denied).with("address", address);
        if let Some(account) = known {
            entry = entry.with("account", account);
        }
        let now_ms = self.now_ms();
        self.ledger
            .write("failed login", move |tx| {
                let (challenge, entry) = (challenge.clone(), entry.clone());
                Box::pin(async move {
                    let spent = match &challenge {
                        Some(challenge) => spend(tx, challenge).await,
                        None => Ok(()),
                    };
                    match spent {
                        // Spent by somebody else: that is all that was wanted.
                        Ok(()) | Err(LedgerError::Conflict) => {}
                        Err(error) => return Err(error.into()),
                    }
                    backoff::count(tx.connection(), subject, now_ms).await?;
                    tx.append(entry);
                    Ok::<_, IdentityError>(())
                })
            })
            .await?;
        Ok(())
    }
}

/// The fingerprint that a key id names; of a text that names none, one that no key has.
pub(super) fn fingerprint(key_id: &str) -> Vec<u8> {
    let named = URL_SAFE_NO_PAD.decode(key_id).ok().filter(|bytes| bytes.len() == 32);
    named.unwrap_or_else(|| crypto::mac::sha256(key_id.as_bytes()).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_key_for_those_who_have_none() {
        assert_eq!(PublicKey::from_spki_pem(DECOY).unwrap().bits(), 2048);
    }
}

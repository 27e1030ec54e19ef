//! Enrolment: the user of an invited account brings a key and a password.

use std::sync::Arc;

use crypto::{
    password::check_policy,
    signature::PublicKey,
    signed_text::{Enrol, SignedText as _, text_hash},
};
use entity::{
    CodeStatus, Role, UserStatus, account,
    enrolment_code::{self, Column},
};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::{Identity, IdentityError, Username, backoff, payload::PasswordHash};
use crate::{
    keyring::Checked,
    ledger::{By, Draft, Outcome, Tx},
};

/// What is sent to enrol.
#[derive(Clone)]
pub struct EnrolInput {
    /// The user name, written as in the signed text.
    pub username: String,
    /// The one-time code, written as it was hashed for the signed text.
    pub code: SecretString,
    /// The password to be.
    pub password: SecretString,
    /// The key to be.
    pub key: PublicKey,
    /// Its signature over [`Enrol`]'s text.
    pub signature: Vec<u8>,
    /// Where it comes from, an IP address; for back-off and the ledger.
    pub address: String,
}

/// An account that can log in now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// The account.
    pub account: Uuid,
    /// Its role.
    pub role: Role,
    /// [`PublicKey::key_id`] of its key.
    pub key_id: String,
}

impl Identity {
    /// Gives an invited account its key and password, and opens it. An earlier key is replaced: what it signed stays
    /// verifiable.
    ///
    /// # Errors
    /// [`IdentityError::WrongCode`] for everything that is wrong with user name or code; [`IdentityError::Password`],
    /// [`IdentityError::Signature`], [`IdentityError::KeyInUse`], [`IdentityError::TooManyAttempts`].
    pub async fn enrol(&self, input: EnrolInput) -> Result<Enrolled, IdentityError> {
        check_policy(&input.password)?;
        possesses(&input.username, input.code.expose_secret(), &input.key, &input.signature)?;
        // Looked at before the password is hashed, and again in the transaction. Who has the code is never kept waiting.
        if self.invited(self.store.read(), &input).await?.is_none() {
            let subject = self.address_subject(&input.address);
            self.heard(subject).await?;
            self.record_wrong_code(subject, &input.address).await?;
            return Err(IdentityError::WrongCode);
        }
        let hash = Arc::new(self.gate.passwords.hash(&input.password).await?);
        let this = self.clone();
        let enrolled = self
            .ledger
            .write("enrol", move |tx| {
                let (this, input, hash) = (this.clone(), input.clone(), hash.clone());
                Box::pin(async move { this.take_in(tx, &input, &hash).await })
            })
            .await?;
        Ok(enrolled.value)
    }

    async fn take_in(
        &self,
        tx: &mut Tx,
        input: &EnrolInput,
        hash: &PasswordHash,
    ) -> Result<Enrolled, IdentityError> {
        let (_, account) = self.invited(tx.connection(), input).await?.ok_or(IdentityError::WrongCode)?;
        let account = self.locked(tx, account).await?;
        // Read again under the lock: before it, somebody may just have used the code.
        let (code, _) = self.invited(tx.connection(), input).await?.ok_or(IdentityError::WrongCode)?;
        tx.hold(std::slice::from_ref(&code)).await?;
        if account.status != UserStatus::Invited {
            return Err(IdentityError::WrongCode);
        }
        tx.update(&code, |code| code.status = CodeStatus::Used).await?;
        self.take_key(tx, account.id, &input.key).await?;
        let hash = self.keyring.seal(account.id, account.version + 1, hash)?;
        tx.update(&account, |account| {
            account.status = UserStatus::Active;
            account.password_hash = Some(hash);
        })
        .await?;
        let by = By::Account(account.id, account.role);
        let key_id = input.key.key_id();
        tx.append(
            Draft::new(by, "ENROL", Outcome::Done).with("key", &key_id).with("address", &input.address),
        );
        Ok(Enrolled { account: account.id, role: account.role, key_id })
    }

    /// The open code, if it is this user's. Found by the code alone, so that nothing is learnt about user names.
    async fn invited(
        &self,
        connection: &impl ConnectionTrait,
        input: &EnrolInput,
    ) -> Result<Option<(Checked<enrolment_code::Model>, Uuid)>, IdentityError> {
        let typed = Column::CodeTag.eq(self.code_tag(&input.code).to_vec());
        let Some(code) = enrolment_code::Entity::find().filter(typed).one(connection).await? else {
            return Ok(None);
        };
        let code = self.keyring.check(code)?;
        let account = account::Entity::find_by_id(code.account_id).one(connection).await?;
        let account = self.keyring.check(account.ok_or(IdentityError::WrongCode)?)?;
        let named = Username::parse(&input.username)
            .is_ok_and(|name| self.username_tag(&name)[..] == account.username_tag);
        let open = code.status == CodeStatus::Open && self.now_ms() < code.expires_ms;
        Ok((named && open && account.status == UserStatus::Invited).then(|| (code, account.id)))
    }

    async fn record_wrong_code(&self, subject: backoff::Subject, address: &str) -> Result<(), IdentityError> {
        let (now_ms, address) = (self.now_ms(), address.to_owned());
        self.ledger
            .write("failed enrolment", move |tx| {
                let address = address.clone();
                Box::pin(async move {
                    backoff::count(tx.connection(), subject, now_ms).await?;
                    tx.append(Draft::new(By::Unknown, "ENROL", Outcome::Denied).with("address", address));
                    Ok::<_, IdentityError>(())
                })
            })
            .await?;
        Ok(())
    }
}

/// Proof of possession: the key signs for this user name, with this code or challenge.
pub(super) fn possesses(
    user: &str,
    code: &str,
    key: &PublicKey,
    signature: &[u8],
) -> Result<(), IdentityError> {
    let text = Enrol { user: user.to_owned(), code_hash: text_hash(code), key_id: key.key_id() };
    let text = text.text().map_err(|_| IdentityError::Signature)?;
    key.verify(text.as_bytes(), signature).map_err(|_| IdentityError::Signature)
}

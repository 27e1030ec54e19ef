//! Replacing one's own key: the old key signs for the new one, and the new one proves that it is there.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto::{
    signature::PublicKey,
    signed_text::{ReplaceKey, SignedText as _},
};
use entity::signing_key::KeyStatus;

use super::{Actor, Identity, IdentityError, SigningKey, users::User};
use crate::ledger::{Draft, LedgerError, Outcome};

impl Identity {
    /// Makes `new` the actor's key. Both signatures are over the one [`ReplaceKey`] text of the actor's user name as
    /// [`User`] has it. Open sessions go on; what the old key signed stays verifiable.
    ///
    /// # Errors
    /// [`IdentityError::Signature`] where either does not fit, [`IdentityError::KeyInUse`] where the key was seen before.
    pub async fn replace_key(
        &self,
        actor: &Actor,
        new: PublicKey,
        by_old: &[u8],
        by_new: &[u8],
    ) -> Result<SigningKey, IdentityError> {
        let active = |key: &SigningKey| key.status == KeyStatus::Active;
        let old =
            self.keys_of(actor.account).await?.into_iter().find(active).ok_or(IdentityError::NotFound)?;
        let User { username, .. } = self.user(actor.account).await?;
        let text = ReplaceKey {
            user: username.as_str().to_owned(),
            old_key_id: old.public.key_id(),
            new_key_id: new.key_id(),
            new_key_spki: STANDARD.encode(new.spki_der()),
        };
        let text = text.text().map_err(|_| IdentityError::Signature)?;
        for (key, signature) in [(&old.public, by_old), (&new, by_new)] {
            key.verify(text.as_bytes(), signature).map_err(|_| IdentityError::Signature)?;
        }
        if old.public == new {
            return Err(IdentityError::KeyInUse);
        }
        let (this, actor, key_id) = (self.clone(), actor.clone(), new.key_id());
        self.ledger
            .write("replace key", move |tx| {
                let (this, actor, old, new) = (this.clone(), actor.clone(), old.clone(), new.clone());
                Box::pin(async move {
                    let account = this.locked(tx, actor.account).await?;
                    let keys = this.locked_keys(tx, actor.account).await?;
                    if !keys.iter().any(|key| key.id == old.id && key.status == KeyStatus::Active) {
                        return Err(LedgerError::Conflict.into());
                    }
                    this.take_key(tx, actor.account, &new).await?;
                    // A login by the old key that is under way sees another version of the account.
                    tx.update(&account, |_| ()).await?;
                    tx.append(
                        Draft::new(actor.by(), "KEY_REPLACED", Outcome::Done)
                            .with("old", old.public.key_id())
                            .with("new", new.key_id()),
                    );
                    Ok::<_, IdentityError>(())
                })
            })
            .await?;
        self.signing_key(&key_id).await
    }
}

//! Replacing one's own key: what the old one signed stays verifiable.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use crypto::signature::PublicKey;

use super::login::decoded;
use crate::{
    graph::{
        Answer,
        can::{LoggedIn, can},
        session, world,
    },
    identity::IdentityError,
};

/// A new public key, with both keys' signatures over the canonical replacement text.
#[derive(InputObject)]
pub struct ReplaceKeyInput {
    /// The new public key: RSA of 2048 to 4096 bits, SPKI in PEM.
    public_key: String,
    /// The key in use signs, base64.
    signature_by_old: String,
    /// The new key signs the same text, base64.
    signature_by_new: String,
}

/// The key that is in use now.
#[derive(SimpleObject)]
pub struct ReplacedKey {
    /// Its id.
    key_id: String,
}

/// The mutation.
#[derive(Default)]
pub(super) struct ReplaceKey;

#[Object]
impl ReplaceKey {
    /// Replaces your key by a new one, signed by both.
    #[graphql(guard = "LoggedIn", directive = can::apply("LOGGED_IN".to_owned()))]
    async fn replace_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new key.")] input: ReplaceKeyInput,
    ) -> Answer<ReplacedKey> {
        let key = PublicKey::from_spki_pem(&input.public_key).map_err(IdentityError::from)?;
        let old = decoded("signatureByOld", &input.signature_by_old)?;
        let new = decoded("signatureByNew", &input.signature_by_new)?;
        let replaced = world(ctx)?.identity.replace_key(session::actor(ctx)?, key, &old, &new).await?;
        Ok(ReplacedKey { key_id: replaced.public.key_id() })
    }
}

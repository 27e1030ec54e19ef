//! Enrolment: a one-time code from the desk, a password and a public key of one's own.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use crypto::signature::PublicKey;
use secrecy::SecretString;
use uuid::Uuid;

use super::login::{address, decoded};
use crate::{
    graph::{Answer, can::public, nouns::Role, world},
    identity::{EnrolInput as Enrolment, IdentityError},
};

/// A code, a password, a public key and the proof that its other half is there.
#[derive(InputObject)]
pub struct EnrolInput {
    /// The user name.
    username: String,
    /// The one-time code from the desk.
    #[graphql(secret)]
    code: String,
    /// The password to be, 8 to 72 bytes.
    #[graphql(secret)]
    password: String,
    /// The public key: RSA of 2048 to 4096 bits, SPKI in PEM. Never the private half.
    public_key: String,
    /// The key's signature over the canonical enrolment text, base64.
    signature: String,
}

/// An account that can log in.
#[derive(SimpleObject)]
pub struct EnrolledAccount {
    /// The account's id.
    account_id: Uuid,
    /// What it may do.
    role: Role,
    /// Id of the key.
    key_id: String,
}

/// The mutation.
#[derive(Default)]
pub(super) struct Enrol;

#[Object]
impl Enrol {
    /// Activates an account. Also after a lost key or password, with a new code from the desk.
    #[graphql(directive = public::apply())]
    async fn enrol(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Code, password and key.")] input: EnrolInput,
    ) -> Answer<EnrolledAccount> {
        let enrolled = world(ctx)?
            .identity
            .enrol(Enrolment {
                username: input.username,
                code: SecretString::from(input.code),
                password: SecretString::from(input.password),
                key: PublicKey::from_spki_pem(&input.public_key).map_err(IdentityError::from)?,
                signature: decoded("signature", &input.signature)?,
                address: address(ctx),
            })
            .await?;
        Ok(EnrolledAccount {
            account_id: enrolled.account,
            role: enrolled.role.into(),
            key_id: enrolled.key_id,
        })
    }
}

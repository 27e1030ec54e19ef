//! Getting in: a challenge, then password and signature together.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::{
    clinic::ClinicError,
    graph::{
        Answer,
        can::public,
        nouns::{Role, time},
        request::ClientAddress,
        world,
    },
    identity::LoginInput as Proof,
};

/// For whom.
#[derive(InputObject)]
pub struct LoginChallengeInput {
    /// The user name.
    username: String,
}

/// What is to be signed within two minutes.
#[derive(SimpleObject)]
pub struct LoginChallenge {
    /// 256 random bits, base64url.
    challenge: String,
}

/// Password and proof of possession.
#[derive(InputObject)]
pub struct LoginInput {
    /// The user name, as in the challenge.
    username: String,
    /// The password, 8 to 72 bytes.
    #[graphql(secret)]
    password: String,
    /// The challenge.
    challenge: String,
    /// Id of the key that signed.
    key_id: String,
    /// The server's address as the client sees it, as in the signed text.
    origin: String,
    /// RSASSA-PKCS1-v1_5 with SHA-256 over the canonical login text, base64.
    signature: String,
}

/// A session.
#[derive(SimpleObject)]
pub struct Session {
    /// Bearer token: `Authorization: Bearer …`. Shown once.
    token: String,
    /// When it ends by itself.
    expires_at: DateTime<Utc>,
    /// The account's id.
    account_id: Uuid,
    /// What the account may do.
    role: Role,
}

/// The mutations.
#[derive(Default)]
pub(super) struct Login;

#[Object]
impl Login {
    /// Gives a challenge to sign, whether or not there is such a user.
    #[graphql(directive = public::apply())]
    async fn login_challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For whom.")] input: LoginChallengeInput,
    ) -> Answer<LoginChallenge> {
        Ok(LoginChallenge { challenge: world(ctx)?.identity.login_challenge(&input.username).await? })
    }

    /// Opens a session by password and proof of possession of the key. Unknown user, wrong password, wrong key and used
    /// challenge are one refusal.
    #[graphql(directive = public::apply())]
    async fn login(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Password and proof.")] input: LoginInput,
    ) -> Answer<Session> {
        let session = world(ctx)?
            .identity
            .login(Proof {
                username: input.username,
                password: SecretString::from(input.password),
                challenge: input.challenge,
                key_id: input.key_id,
                origin: input.origin,
                signature: decoded("signature", &input.signature)?,
                address: address(ctx),
            })
            .await?;
        Ok(Session {
            token: session.token.expose_secret().to_owned(),
            expires_at: time(session.expires_ms),
            account_id: session.account,
            role: session.role.into(),
        })
    }
}

/// Where the request comes from, for the back-off.
pub(super) fn address(ctx: &Context<'_>) -> String {
    ctx.data_opt::<ClientAddress>().map_or_else(String::new, |ClientAddress(address)| address.to_string())
}

/// A signature, from base64.
pub(super) fn decoded(field: &'static str, text: &str) -> Answer<Vec<u8>> {
    Ok(STANDARD
        .decode(text)
        .map_err(|_| ClinicError::Input { field, problem: "is not base64".to_owned() })?)
}

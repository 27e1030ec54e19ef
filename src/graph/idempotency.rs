//! Safe retries: (actor, mutation, key) stands for one change, within the change's own transaction.

use crypto::{encoding::Encoder, mac::Mac};
use entity::idempotency;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _,
};
use uuid::Uuid;

use crate::{
    clinic::ClinicError,
    identity::Actor,
    keyring::{Keyring, SystemKey},
    ledger::Tx,
};

/// How long a key is remembered.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// One mutation's key with the input it was used for.
#[derive(Clone, Copy, Debug)]
pub struct Once {
    key: Mac,
    input: Mac,
    now_ms: i64,
}

impl Once {
    /// Of this actor, this mutation, this key and this input, written unambiguously.
    #[must_use]
    pub fn new(keyring: &Keyring, actor: &Actor, mutation: &str, key: Uuid, input: &[u8]) -> Self {
        let name = Encoder::new("medicrypt/idempotency/v1")
            .bytes(actor.account().as_bytes())
            .str(mutation)
            .bytes(key.as_bytes());
        Self {
            key: keyring.mac(SystemKey::Idempotency, &name.finish()),
            input: keyring.mac(SystemKey::Idempotency, input),
            now_ms: keyring.around().now_ms(),
        }
    }

    /// What was made with this key before, if anything was.
    ///
    /// # Errors
    /// [`ClinicError::IdempotencyKeyReused`] where the input was another.
    pub async fn made(&self, connection: &impl ConnectionTrait) -> Result<Option<Uuid>, ClinicError> {
        let known = idempotency::Entity::find_by_id(self.key.to_vec())
            .filter(idempotency::Column::ExpiresMs.gt(self.now_ms))
            .one(connection)
            .await?;
        match known {
            None => Ok(None),
            Some(row) if crypto::mac::equal(&row.input_tag, &self.input) => Ok(Some(row.made_id)),
            Some(_) => Err(ClinicError::IdempotencyKeyReused),
        }
    }

    /// Remembers what was made. In the change's transaction, so that both are there or neither.
    ///
    /// # Errors
    /// As of the database: another transaction was first with this key.
    pub async fn remember(&self, tx: &Tx, made: Uuid) -> Result<(), ClinicError> {
        idempotency::Entity::delete_many()
            .filter(idempotency::Column::KeyTag.eq(self.key.to_vec()))
            .filter(idempotency::Column::ExpiresMs.lte(self.now_ms))
            .exec(tx.connection())
            .await?;
        let row = idempotency::Model {
            key_tag: self.key.to_vec(),
            input_tag: self.input.to_vec(),
            made_id: made,
            expires_ms: self.now_ms + KEPT_MS,
        };
        row.into_active_model().insert(tx.connection()).await?;
        Ok(())
    }
}

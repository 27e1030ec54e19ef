//! Safe retries: (actor, mutation, key) stands for one change, within the change's own transaction.

use crypto::{encoding::Encoder, mac::Mac};
use entity::idempotency;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    sea_query::OnConflict,
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

    /// Takes the key for what is about to be made, in the change's transaction, so that both are there or neither. A twin
    /// of this request waits here for the first one's end; where that was first, what it made.
    ///
    /// # Errors
    /// As [`Once::made`].
    pub async fn claim(&self, tx: &Tx, made: Uuid) -> Result<Option<Uuid>, ClinicError> {
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
        let first = OnConflict::column(idempotency::Column::KeyTag).do_nothing().to_owned();
        let claimed = idempotency::Entity::insert(row.into_active_model())
            .on_conflict(first)
            .exec_without_returning(tx.connection())
            .await?;
        if claimed == 1 { Ok(None) } else { self.made(tx.connection()).await }
    }
}

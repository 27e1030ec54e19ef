//! Founding: the Paillier key, made once and kept in the key store, and the first epoch.

use std::sync::Arc;

use crypto::paillier::{KeySize, SecretKey};
use tokio::{sync::Mutex, task::spawn_blocking};

use super::{Decryptor, Limits, Statistics, StatisticsError};
use crate::{
    keyring::{Keyring, KeyringError, Unsealer},
    ledger::Ledger,
    store::Store,
};

/// Name of the secret in the key store.
const NAME: &str = "paillier";

impl Decryptor {
    /// The decryptor of the kept key, which is made first where there is none, and the public key's bytes for the ledger to
    /// found the installation with.
    ///
    /// # Errors
    /// Failures of the key store, and a key that cannot be used.
    pub async fn open_or_create(keyring: &Keyring) -> Result<(Self, Vec<u8>), StatisticsError> {
        if keyring.secret(NAME).await?.is_none() {
            create(keyring).await?;
        }
        let secret = keyring.secret(NAME).await?.ok_or(KeyringError::WrongMaster)?;
        let opened = spawn_blocking(move || SecretKey::from_bytes(&secret).map(Self::new)).await??;
        let public = opened.public().to_bytes();
        Ok((opened, public))
    }
}

impl Statistics {
    /// Opens the room with the default [`Limits`], and its first epoch where there is none.
    ///
    /// # Errors
    /// Failures of the ledger.
    pub async fn open(
        store: Arc<Store>,
        keyring: Arc<Keyring>,
        unsealer: Unsealer,
        ledger: Ledger,
        decryptor: Decryptor,
    ) -> Result<Self, StatisticsError> {
        let key = decryptor.public().clone();
        let decryptor = Arc::new(decryptor);
        let (limits, charging, closing) = (Limits::default(), Mutex::default(), Mutex::default());
        let statistics = Self { store, keyring, unsealer, ledger, limits, key, decryptor, charging, closing };
        statistics.open_first_epoch().await?;
        Ok(statistics)
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }
}

async fn create(keyring: &Keyring) -> Result<(), StatisticsError> {
    let size = match keyring.around().strength().paillier_bits {
        2048 => KeySize::Bits2048,
        3072 => KeySize::Bits3072,
        other => return Err(StatisticsError::KeySize(other)),
    };
    let around = keyring.around().clone();
    let made = spawn_blocking(move || SecretKey::generate(size, &mut around.rng()).to_bytes()).await?;
    // Of two nodes that found at the same time, the second finds the first one's key.
    if let Err(error) = keyring.keep_secret(NAME, &made).await {
        tracing::debug!(%error, "the statistics key is there already");
    }
    Ok(())
}

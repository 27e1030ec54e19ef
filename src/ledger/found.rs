//! Founding an installation, and opening one that is there.

use std::{path::PathBuf, sync::Arc};

use crypto::checkpoint::CheckpointKey;
use entity::{installation, ledger};
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _};
use tokio::sync::watch;

use super::{By, Draft, Ledger, LedgerError, Outcome, Room, append, newest::Newest, subjects::Subjects};
use crate::{
    keyring::{Keyring, KeyringError, Unsealer},
    store::Store,
};

const SEED: &str = "checkpoint-seed";

/// The room as the database has it, and the key that signs its checkpoints.
pub(super) async fn open(
    store: Arc<Store>,
    keyring: Arc<Keyring>,
    unsealer: Unsealer,
    checkpoints: PathBuf,
    paillier_public: &[u8],
) -> Result<(Room, CheckpointKey), LedgerError> {
    let signer = signer(&keyring).await?;
    let installation = match installation::Entity::find().one(store.read()).await? {
        Some(there) => there,
        None => found(&store, &keyring, &signer, paillier_public).await?,
    };
    if installation.paillier_public != paillier_public {
        return Err(LedgerError::Broken(0));
    }
    let vkey = signer.vkey(&origin(installation.id));
    if vkey != installation.checkpoint_vkey {
        return Err(LedgerError::Broken(0));
    }
    let room = Room {
        store,
        keyring,
        unsealer,
        installation: installation.id,
        checkpoints,
        vkey,
        seen: watch::channel(-1).0,
        subjects: Subjects::default(),
        newest: Newest::of_no_leaf(installation.id),
    };
    Ok((room, signer))
}

/// The first entry, number 0; and from then on the end that was found is the least that is accepted.
pub(super) async fn begin(ledger: &Ledger) -> Result<(), LedgerError> {
    let room = &ledger.room;
    // In this order: another node may be founding and signing.
    let checkpoints = super::checkpoint::signed(room).await?;
    if ledger::Entity::find().count(room.store.read()).await? == 0 {
        if let Some(newest) = checkpoints.last() {
            return Err(LedgerError::OlderThanCheckpoint { found: 0, expected: newest.size });
        }
        let genesis =
            Draft::new(By::System, "GENESIS", Outcome::Done).with("installation", room.installation);
        let write_first = ledger.write("genesis", move |tx| {
            let genesis = genesis.clone();
            Box::pin(async move {
                append::lock(tx.backend(), tx.connection()).await?;
                // Another node may have been first: then its entry is the genesis.
                if ledger::Entity::find().count(tx.connection()).await? == 0 {
                    tx.append(genesis);
                }
                Ok::<_, LedgerError>(())
            })
        });
        write_first.await?;
    }
    let head = append::head(room, room.store.read()).await?;
    room.seen.send_replace(head.index);
    Ok(())
}

/// The name under which checkpoints are signed.
pub(super) fn origin(installation: uuid::Uuid) -> String {
    format!("medicrypt/{installation}")
}

async fn signer(keyring: &Keyring) -> Result<CheckpointKey, LedgerError> {
    if let Some(seed) = keyring.secret(SEED).await? {
        return key(&seed);
    }
    let made = CheckpointKey::generate(&mut keyring.around().rng());
    // Of two nodes that found at the same time, the second finds the first one's key.
    if let Err(error) = keyring.keep_secret(SEED, made.seed().as_ref()).await {
        tracing::debug!(%error, "the checkpoint key is there already");
    }
    let seed = keyring.secret(SEED).await?.ok_or(KeyringError::WrongMaster)?;
    key(&seed)
}

fn key(seed: &[u8]) -> Result<CheckpointKey, LedgerError> {
    let seed: &[u8; 32] = seed.try_into().map_err(|_| KeyringError::WrongMaster)?;
    Ok(CheckpointKey::from_seed(seed))
}

async fn found(
    store: &Store,
    keyring: &Keyring,
    signer: &CheckpointKey,
    paillier_public: &[u8],
) -> Result<installation::Model, LedgerError> {
    // The id is derived, so that two nodes found the same installation and one of the two rows is refused.
    let id = keyring.blind_id(crate::keyring::SystemKey::LedgerEntry, b"medicrypt/installation/v1");
    let row = installation::Model {
        id,
        created_ms: keyring.around().now_ms(),
        checkpoint_vkey: signer.vkey(&origin(id)),
        paillier_public: paillier_public.to_vec(),
    };
    let tx = store.begin().await?;
    match row.into_active_model().insert(tx.connection()).await {
        Ok(row) => {
            tx.commit().await?;
            Ok(row)
        }
        Err(error) => {
            tx.rollback().await?;
            Ok(installation::Entity::find_by_id(id).one(store.read()).await?.ok_or(error)?)
        }
    }
}

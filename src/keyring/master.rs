//! The master secret: found once, unlocked at every start, never silently remade.

use std::path::{Path, PathBuf};

use crypto::{kdf, key::Key, mac};
use entity::keystore::master_version;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::{KeyringError, Master};
use crate::store::{Store, Surroundings};

const CHECK: &[u8] = b"medicrypt/master-check/v1";

/// The file of one master version inside its directory.
#[must_use]
pub fn master_file(directory: &Path, version: i64) -> PathBuf {
    directory.join(format!("master-v{version}.key"))
}

/// Makes version 1: a new secret file, or the given passphrase.
pub(super) async fn found(
    store: &Store,
    around: &Surroundings,
    master: &Master,
) -> Result<Key, KeyringError> {
    let secret = match master {
        Master::Passphrase(phrase) => Zeroizing::new(phrase.expose_secret().as_bytes().to_vec()),
        Master::Directory(directory) => {
            let file = master_file(directory, 1);
            match std::fs::exists(&file) {
                // A crash between writing the file and the key store's first row leaves an unused file: take it.
                Ok(true) => read(&file)?,
                _ => create(directory, &file, &around.random::<32>())?,
            }
        }
    };
    let salt = around.random::<32>();
    let rounds = around.strength().pbkdf2_rounds;
    let kek = stretch(secret, salt, rounds).await?;
    let row = master_version::Model {
        version: 1,
        salt: salt.to_vec(),
        rounds: rounds.into(),
        check_value: mac::mac(&kek, CHECK).to_vec(),
    };
    let Err(error) = row.into_active_model().insert(store.keys()).await else { return Ok(kek) };
    // Of two nodes that found at the same time, the second takes what the first one made.
    match master_version::Entity::find_by_id(1).one(store.keys()).await? {
        Some(first) => unlock(master, &first).await,
        None => Err(error.into()),
    }
}

/// Derives the KEK of a known version and proves that it is the right one.
pub(super) async fn unlock(master: &Master, version: &master_version::Model) -> Result<Key, KeyringError> {
    let secret = match master {
        Master::Passphrase(phrase) => Zeroizing::new(phrase.expose_secret().as_bytes().to_vec()),
        Master::Directory(directory) => read(&master_file(directory, version.version))?,
    };
    let salt: [u8; 32] = version.salt.as_slice().try_into().map_err(|_| KeyringError::WrongMaster)?;
    let rounds = u32::try_from(version.rounds).map_err(|_| KeyringError::WrongMaster)?;
    let kek = stretch(secret, salt, rounds).await?;
    if mac::verify(&kek, CHECK, &version.check_value) { Ok(kek) } else { Err(KeyringError::WrongMaster) }
}

/// PBKDF2 takes a good part of a second: off the async threads.
async fn stretch(secret: Zeroizing<Vec<u8>>, salt: [u8; 32], rounds: u32) -> Result<Key, KeyringError> {
    tokio::task::spawn_blocking(move || kdf::kek(&secret, &salt, rounds))
        .await
        .map_err(|_| KeyringError::WrongMaster)
}

fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let unusable = |reason: &str| KeyringError::MasterUnusable(file.to_owned(), reason.to_owned());
    let about = match std::fs::metadata(file) {
        Ok(about) => about,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(KeyringError::MasterMissing(file.to_owned()));
        }
        Err(e) => return Err(unusable(&e.to_string())),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if about.permissions().mode() & 0o077 != 0 {
            return Err(KeyringError::MasterExposed(file.to_owned()));
        }
    }
    let secret = Zeroizing::new(std::fs::read(file).map_err(|e| unusable(&e.to_string()))?);
    if secret.len() == 32 && about.is_file() {
        Ok(secret)
    } else {
        Err(unusable("it does not hold 32 bytes"))
    }
}

/// Written whole and synced, or not there: a power cut can't leave half a secret under the final name.
fn create(directory: &Path, file: &Path, secret: &[u8; 32]) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let write = || -> std::io::Result<()> {
        let mut private = std::fs::DirBuilder::new();
        private.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
        private.create(directory)?;
        // `tempfile` makes it with mode 0600.
        let mut draft = tempfile::NamedTempFile::new_in(directory)?;
        std::io::Write::write_all(&mut draft, secret)?;
        draft.as_file().sync_all()?;
        draft.persist_noclobber(file).map_err(|e| e.error)?;
        std::fs::File::open(directory)?.sync_all()
    };
    match write() {
        Ok(()) => Ok(Zeroizing::new(secret.to_vec())),
        // Another node was faster, in the same directory.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => read(file),
        Err(error) => Err(KeyringError::MasterUnusable(file.to_owned(), error.to_string())),
    }
}

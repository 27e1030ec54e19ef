//! The session that `login` opens and the other verbs use: a file that only its owner can read.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::text;

/// An open session.
pub(super) struct Session {
    /// The server it is with, which alone gets the token.
    pub(super) server: String,
    /// Who logged in.
    pub(super) username: String,
    /// The bearer token.
    pub(super) token: SecretString,
    /// When the server ends it.
    pub(super) expires_at: String,
    /// File of the private key that logged in: where it is, not what is in it.
    pub(super) key: PathBuf,
}

impl Session {
    /// Reads what `login` wrote.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let written = match std::fs::read_to_string(file) {
            Ok(written) => zeroize::Zeroizing::new(written),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                anyhow::bail!("you are not logged in: `medicrypt login --help`")
            }
            Err(error) => return Err(error).with_context(|| format!("session `{}`", file.display())),
        };
        let broken = || format!("session `{}` is broken: log in again", file.display());
        let fields: Value = serde_json::from_str(&written).with_context(broken)?;
        let field = |name: &str| text(&fields, name).with_context(broken).map(str::to_owned);
        Ok(Self {
            server: field("/server")?,
            username: field("/username")?,
            token: SecretString::from(field("/token")?),
            expires_at: field("/expiresAt")?,
            key: field("/key")?.into(),
        })
    }

    /// Writes it whole or not at all, with mode 0600.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let fields = json!({
            "server": self.server,
            "username": self.username,
            "token": self.token.expose_secret(),
            "expiresAt": self.expires_at,
            "key": self.key,
        });
        let write = || -> std::io::Result<()> {
            let directory =
                file.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
            std::fs::create_dir_all(directory)?;
            // `tempfile` makes it with mode 0600.
            let mut draft = tempfile::NamedTempFile::new_in(directory)?;
            draft.write_all(format!("{fields:#}\n").as_bytes())?;
            draft.persist(file)?;
            Ok(())
        };
        write().with_context(|| format!("session `{}`", file.display()))
    }

    /// Forgets it.
    pub(super) fn forget(file: &Path) -> Result<()> {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("session `{}`", file.display()))
            }
            _ => Ok(()),
        }
    }
}

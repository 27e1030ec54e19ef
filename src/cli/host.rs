//! Opening the rooms from settings, for the host's own commands.

use std::{future::Future, path::Path};

use anyhow::{Context as _, Result};
use clap::Args;

use super::{
    config::{Place, Settings},
    exit::Usage,
    output::{Output, say},
    progress,
};
use crate::{
    identity,
    keyring::Master,
    ledger::Ledger,
    schema,
    store::{Location, Surroundings},
    world::{Opening, World, WorldError},
};

/// What the host's commands take.
#[derive(Args, Clone, Debug)]
pub(super) struct Here {
    #[command(flatten)]
    pub(super) output: Output,
    #[command(flatten)]
    place: Place,
}

impl Here {
    /// What is in force.
    pub(super) fn settings(&self, file: Option<&Path>) -> Result<Settings> {
        Settings::load(file, &[&self.place])
    }

    /// Opens an installation that must be there.
    pub(super) async fn open(&self, file: Option<&Path>) -> Result<World> {
        open(&self.settings_there(file)?).await
    }

    /// Opens the ledger alone of an installation that must be there.
    pub(super) async fn open_ledger(&self, file: Option<&Path>) -> Result<Result<Ledger, WorldError>> {
        Ok(World::open_ledger(opening(&self.settings_there(file)?)).await)
    }

    fn settings_there(&self, file: Option<&Path>) -> Result<Settings> {
        let settings = self.settings(file)?;
        if settings.database.is_none() && !is_there(&settings) {
            let problem =
                format!("there is no installation in `{}`: say where with --data", settings.data.display());
            return Err(Usage(problem).into());
        }
        Ok(settings)
    }

    /// Opens an installation, or makes it.
    pub(super) async fn open_or_found(&self, file: Option<&Path>) -> Result<World> {
        open_or_found(&self.settings(file)?).await
    }
}

/// Opens the rooms at production strength; there is no other.
pub(super) async fn open(settings: &Settings) -> Result<World> {
    let bar = progress::spinner("opening");
    let world =
        World::open(opening(settings), schema::rules()).await.context("the installation did not open")?;
    bar.finish_and_clear();
    Ok(world)
}

fn opening(settings: &Settings) -> Opening {
    let location = match &settings.database {
        Some(url) => Location::Postgres(url.clone()),
        None => Location::Sqlite(settings.data.clone()),
    };
    let master = match &settings.passphrase {
        Some(passphrase) => Master::Passphrase(passphrase.clone()),
        None => Master::Directory(settings.master.clone()),
    };
    Opening {
        location,
        master,
        checkpoints: settings.checkpoints.clone(),
        around: Surroundings::of_this_machine(),
        identity: identity::Settings {
            origins: origins(settings),
            patient_domain: settings.patient_domain.clone(),
            ..identity::Settings::default()
        },
    }
}

/// The same, and says so where it made an installation.
pub(super) async fn open_or_found(settings: &Settings) -> Result<World> {
    let is_new = settings.database.is_none() && !is_there(settings);
    let world = open(settings).await?;
    if is_new {
        say(&format!("made a new installation in `{}`", settings.data.display()));
        if settings.passphrase.is_none() {
            say(&format!(
                "keep a copy of `{}` elsewhere: without it nothing can be read",
                settings.master.display()
            ));
        }
    }
    Ok(world)
}

/// Runs a command that waits for rooms.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// The server's addresses as clients see them: those that were set, or the one it listens on.
pub(super) fn origins(settings: &Settings) -> Vec<String> {
    if !settings.origin.is_empty() {
        return settings.origin.clone();
    }
    let scheme = if settings.tls_certificate.is_some() { "https" } else { "http" };
    let listen = &settings.listen;
    let mut origins = vec![format!("{scheme}://{listen}")];
    // Who sits at the machine itself may call it by name.
    if let Some(port) = listen.strip_prefix("127.0.0.1:").or_else(|| listen.strip_prefix("[::1]:")) {
        origins.push(format!("{scheme}://localhost:{port}"));
    }
    origins
}

fn is_there(settings: &Settings) -> bool {
    settings.data.join("medicrypt.db").exists()
}

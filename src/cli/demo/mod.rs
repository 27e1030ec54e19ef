//! `demo`: a whole hospital on this machine, for looking at. Made once, used again; served by the real server, at its real
//! strength. Whatever it makes is marked in its ledger, and `serve` refuses it.

mod guide;
mod hospital;
mod people;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

use super::{
    config::{Network, Settings},
    exit::Usage,
    host::{self, block_on},
    output::{print, say},
    serve::listen,
};
use crate::{
    ledger::{By, Draft, Filter, LedgerError, Outcome},
    world::World,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  medicrypt demo
  medicrypt demo --fresh --listen 127.0.0.1:9000
  medicrypt demo --fhir ./export

The first start makes keys, imports a sample hospital and encrypts its vitals; the next ones find everything there.";

/// The ledger entry that says what an installation is for.
pub(super) const MARK: &str = "DEMO_FOUNDED";
/// The entry after which nothing is missing.
const READY: &str = "DEMO_READY";
/// Where the demo's private keys lie.
pub(super) const KEYS: &str = "dummy_keys";
/// Says, in the demo's folder, that it may be removed.
const NOTE: &str = "THIS-IS-A-DEMO";

/// Arguments of `demo`.
#[derive(Args, Debug)]
pub(super) struct Demo {
    /// Folder for everything the demo makes
    #[arg(long, value_name = "DIR", default_value = "medicrypt-demo")]
    data: PathBuf,
    /// A FHIR R4 export to import instead of the sample hospital
    #[arg(long, value_name = "DIR")]
    fhir: Option<PathBuf>,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8440")]
    listen: String,
    /// Begin again: removes what an earlier demo made
    #[arg(long)]
    fresh: bool,
    /// Make everything, and don't serve
    #[arg(long)]
    no_serve: bool,
}

/// Makes the hospital if it is not there, then serves it.
pub(super) fn run(args: &Demo, file: Option<&Path>) -> Result<()> {
    let network = Network { listen: Some(args.listen.clone()), ..Network::default() };
    let settings = Settings {
        data: args.data.join("data"),
        database: None,
        master: args.data.join("master"),
        passphrase: None,
        checkpoints: args.data.join("checkpoints"),
        origin: Vec::new(),
        tls_certificate: None,
        tls_key: None,
        patient_domain: "patient.kmc.edu".to_owned(),
        ..Settings::load(file, &[&network])?
    };
    prepare(&args.data, args.fresh)?;
    block_on(async {
        let world = host::open(&settings).await?;
        if !is_marked(&world, READY).await? {
            mark(&world, MARK).await?;
            hospital::fill(&world, args.fhir.as_deref(), Path::new(KEYS)).await?;
            mark(&world, READY).await?;
        }
        people::keys_are_there(&world, Path::new(KEYS)).await?;
        if args.no_serve {
            print(&guide::text(&args.listen))?;
            return Ok(world.close().await?);
        }
        listen(world, &settings, || {
            // Nobody is kept from the server by a closed pipe.
            let _ = print(&guide::text(&args.listen));
        })
        .await
    })
}

/// The folder, empty if asked for, and with its note in it. Nothing is removed that no demo made.
fn prepare(folder: &Path, fresh: bool) -> Result<()> {
    let named = || format!("folder `{}`", folder.display());
    let note = folder.join(NOTE);
    let is_empty = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty && !note.exists() {
        let problem = format!("{} holds something that no demo made: name another one with --data", named());
        return Err(Usage(problem).into());
    }
    if fresh && !is_empty {
        std::fs::remove_dir_all(folder).with_context(named)?;
        say("removed the earlier demo");
    }
    std::fs::create_dir_all(folder).with_context(named)?;
    let text =
        "Made by `medicrypt demo`, with public passwords and keys. `medicrypt demo --fresh` removes it.\n";
    std::fs::write(note, text).with_context(named)
}

async fn is_marked(world: &World, action: &str) -> Result<bool> {
    let marked = Filter { action: Some(action.to_owned()), ..Filter::default() };
    Ok(!world.ledger.entries(&marked, 1).await?.is_empty())
}

async fn mark(world: &World, action: &'static str) -> Result<()> {
    let write = world.write("mark demo", move |tx| {
        Box::pin(async move {
            tx.append(Draft::new(By::System, action, Outcome::Done));
            Ok::<_, LedgerError>(())
        })
    });
    write.await?;
    Ok(())
}

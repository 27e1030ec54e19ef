//! `serve`: the rooms behind HTTP, at production strength, without the demo's keys.

use std::{net::IpAddr, path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use axum::http::HeaderValue;
use clap::Args;
use crypto::signature::{PrivateKey, holds_private_key};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use super::{
    config::{Network, Settings},
    demo,
    host::{self, block_on},
};
use crate::{
    identity::IdentityError,
    ledger::Filter,
    schema,
    server::{self, Limits, serve::stop_signal, tls},
    world::World,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  medicrypt serve
  medicrypt serve --data /srv/medicrypt --master /etc/medicrypt/master --checkpoints /mnt/other/checkpoints
  medicrypt serve --listen 0.0.0.0:8440 --origin https://records.example --tls-certificate chain.pem --tls-key key.pem
  medicrypt serve --database postgres://medicrypt@db.example/medicrypt

Make the first users with `medicrypt user add`. Ctrl-C and SIGTERM stop it gracefully.";

/// Arguments of `serve`.
#[derive(Args, Debug)]
pub(super) struct Serve {
    #[command(flatten)]
    place: super::config::Place,
    #[command(flatten)]
    network: Network,
}

/// Serves until told to stop.
pub(super) fn run(args: &Serve, file: Option<&Path>) -> Result<()> {
    let settings = Settings::load(file, &[&args.place, &args.network])?;
    block_on(async {
        let world = host::open_or_found(&settings).await?;
        refuse_demo(&world).await?;
        listen(world, &settings, || tracing::info!(listen = settings.listen, "serving")).await
    })
}

/// Listens; calls `ready` when clients can come.
pub(super) async fn listen(world: World, settings: &Settings, ready: impl FnOnce()) -> Result<()> {
    let tls = match (&settings.tls_certificate, &settings.tls_key) {
        (Some(certificate), Some(key)) => Some(tls::identity(certificate, key)?),
        (None, None) => None,
        _ => anyhow::bail!("TLS needs both, a certificate and its key"),
    };
    let listener = TcpListener::bind(&settings.listen)
        .await
        .with_context(|| format!("listening on `{}`", settings.listen))?;
    if tls.is_none() && !listener.local_addr()?.ip().is_loopback() {
        tracing::warn!("listening beyond this machine without TLS: put a proxy with TLS in front");
    }
    let limits = Limits::default();
    let router = server::router(schema::build(world.clone()), transport(&world, settings, limits.clone())?);
    ready();
    let served = server::serve(listener, router, tls, &limits, stop_signal()).await;
    tracing::info!("stopping");
    world.close().await?;
    served.context("requests were still running when the time to stop was over")
}

fn transport(world: &World, settings: &Settings, limits: Limits) -> Result<server::Settings> {
    let proxies = settings
        .proxy
        .iter()
        .map(|proxy| proxy.parse::<IpAddr>().with_context(|| format!("proxy `{proxy}`")));
    let origins = settings
        .origin
        .iter()
        .map(|origin| HeaderValue::from_str(origin).with_context(|| format!("origin `{origin}`")));
    let store = world.store.clone();
    Ok(server::Settings {
        limits,
        origins: origins.collect::<Result<_>>()?,
        proxies: proxies.collect::<Result<_>>()?,
        holds_private_key,
        ready: Arc::new(move || {
            let store = store.clone();
            Box::pin(async move { store.read().ping().await.is_ok() })
        }),
        routes: axum::Router::new(),
    })
}

/// A demo's installation says so in its ledger, which nobody can rewrite; and a key that lies in `dummy_keys` has been seen
/// by others, whatever installation it was enrolled in.
async fn refuse_demo(world: &World) -> Result<()> {
    let marked = Filter { action: Some(demo::MARK.to_owned()), ..Filter::default() };
    anyhow::ensure!(
        world.ledger.entries(&marked, 1).await?.is_empty(),
        "this installation was made by `medicrypt demo`, whose passwords and keys are public: serve another one"
    );
    for file in std::fs::read_dir(demo::KEYS).into_iter().flatten().flatten() {
        let Ok(pem) = std::fs::read_to_string(file.path()).map(Zeroizing::new) else { continue };
        let Ok(key) = PrivateKey::from_pem(&pem) else { continue };
        match world.identity.signing_key(&key.public().key_id()).await {
            Ok(_) => anyhow::bail!(
                "the key `{}` is enrolled here and was seen by others: re-enrol its user",
                file.path().display()
            ),
            Err(IdentityError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

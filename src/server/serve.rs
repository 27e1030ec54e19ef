//! The socket: connections taken, limited in number and patience, and let go gracefully.
//!
//! HTTP/1.1 only, over hyper itself. The helpers that also speak HTTP/2 first wait, without any limit of
//! time, for the bytes that tell the two apart, so a client that connects and says nothing is held for ever;
//! and without HTTP/2 there is none of its floods.

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::{Limits, headers};

/// Room for the head of a request: a GET carries its query in the URL.
const HEAD_BYTES: usize = 64 * 1024;

/// How long to wait when a connection can't be taken, as when files run out.
const BREATH: Duration = Duration::from_millis(50);

/// Serves `router` until `stop` is ready, then lets running requests finish within `limits.drain`.
///
/// # Errors
///
/// [`io::ErrorKind::TimedOut`] when requests were still running at the end of that time, and were cut off.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<rustls::ServerConfig>>,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let router = if tls.is_some() { headers::secure_transport(router) } else { router };
    let tls = tls.map(TlsAcceptor::from);
    let seats = Arc::new(Semaphore::new(limits.connections.into()));
    let (stopping, stopped) = watch::channel(());
    let patience = limits.header_read;
    let mut stop = pin!(stop);

    loop {
        let arrival = async {
            let seat = Arc::clone(&seats).acquire_owned().await.map_err(io::Error::other)?;
            listener.accept().await.map(|(stream, peer)| (seat, stream, peer))
        };
        let arrived = tokio::select! {
            biased;
            () = &mut stop => break,
            arrived = arrival => arrived,
        };
        let Ok((seat, stream, peer)) = arrived else {
            sleep(BREATH).await;
            continue;
        };
        let (router, tls, stopped) = (router.clone(), tls.clone(), stopped.clone());
        tokio::spawn(async move {
            match tls {
                None => converse(stream, peer, router, patience, stopped).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = timeout(patience, tls.accept(stream)).await {
                        converse(stream, peer, router, patience, stopped).await;
                    }
                }
            }
            drop(seat);
        });
    }

    drop((listener, stopping));
    // Every seat is free again when the last connection has ended.
    let free = timeout(limits.drain, seats.acquire_many(limits.connections.into())).await?;
    free.map(drop).map_err(io::Error::other)
}

/// Ready on ctrl-c and, where there is one, on SIGTERM.
pub async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

/// One connection, to its end. What goes wrong on it is the client's affair and not logged.
async fn converse<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    patience: Duration,
    mut stopped: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    tokio::select! {
        _ = connection.as_mut() => {}
        // The other end is dropped, and that is the news.
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await.ok();
        }
    }
}

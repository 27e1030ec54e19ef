//! Real sockets: half-open connections, slow clients, a graceful stop, TLS.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use medicrypt::server::{Limits, serve, tls};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::toy::{World, settings};

struct Running {
    address: SocketAddr,
    stop: Arc<Notify>,
    end: tokio::task::JoinHandle<io::Result<()>>,
}

async fn run(world: &World, limits: Limits, tls: Option<Arc<rustls::ServerConfig>>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), Arc::new(Notify::new()));
    let (router, stopped) = (world.router.clone(), Arc::clone(&stop));
    let end = tokio::spawn(async move { serve(listener, router, tls, &limits, stopped.notified()).await });
    Running { address, stop, end }
}

/// Everything the server sends until it closes; one that doesn't close fails the test instead of hanging it.
async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut text))
        .await
        .expect("held open")
        .unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn connections_that_do_not_finish_their_headers_are_closed() {
    let limits = Limits { header_read: Duration::from_millis(100), ..Limits::default() };
    let server = run(&World::new(), limits, None).await;
    for begun in ["", "P", "PRI * HTTP/2.0\r\n", "POST /graphql HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        assert!(!to_the_end(&mut stream).await.contains("200 OK"), "{begun}");
    }
    // Kept alive after an answer, and then silent.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(to_the_end(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let mut settings = settings();
    settings.limits.request = Duration::from_millis(100);
    let world = World::with(settings);
    let server = run(&world, Limits::default(), None).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head =
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    stream.write_all(head).await.unwrap();
    assert!(to_the_end(&mut stream).await.contains("TIMEOUT"));
}

#[tokio::test]
async fn a_stop_lets_the_running_request_finish_and_takes_no_other() {
    let world = World::new();
    let server = run(&world, Limits::default(), None).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /graphql?query=%7Bslow%7D HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    while world.executed() == 0 {
        tokio::task::yield_now().await;
    }
    server.stop.notify_one();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    world.go.notify_one();
    assert!(to_the_end(&mut stream).await.contains(r#"{"slow":"done"}"#));
    server.end.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_outlives_the_drain_is_reported() {
    let world = World::new();
    let server = run(&world, Limits { drain: Duration::from_millis(50), ..Limits::default() }, None).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /graphql?query=%7Bslow%7D HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    while world.executed() == 0 {
        tokio::task::yield_now().await;
    }
    server.stop.notify_one();
    assert_eq!(server.end.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_served_from_two_pem_files() {
    const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjipfGu3dV+20/kTE
mW7dWMBY6WUBnaCKUG3W9wFZwl+hRANCAARCYoZXx3E1KTUh8i2V3zL3C4NR/1jn
/r8xVR9kVT81L4lp4dJhOxREwyhFRNLJb4kDRReawI9cqLh8xq7jaVqT
-----END PRIVATE KEY-----
";
    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUDe4mwjb07NwVNzX9/yWHH/oNoC0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjEwNTIzNloYDzIxMjYxMDI5
MTA1MjM2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARCYoZXx3E1KTUh8i2V3zL3C4NR/1jn/r8xVR9kVT81L4lp4dJhOxRE
wyhFRNLJb4kDRReawI9cqLh8xq7jaVqTo2wwajAdBgNVHQ4EFgQUJSywahoQtZ8i
oCiYtZH7E56yylMwHwYDVR0jBBgwFoAUJSywahoQtZ8ioCiYtZH7E56yylMwGgYD
VR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0E
AwIDSAAwRQIhAPu2P/7t9s09AA5zCQA8RJGu36Ni/5B0j33+MDHudUJfAiB9qMkW
H4VlXFOZPmiGa1DTjVmLxCShatgq32CzXXLzsQ==
-----END CERTIFICATE-----
";
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, CERTIFICATE).unwrap();
    std::fs::write(&key, KEY).unwrap();
    assert!(matches!(tls::identity(&certificate, &certificate), Err(tls::TlsError::Key(_))));
    assert!(matches!(
        tls::identity(&key, &key),
        Err(tls::TlsError::Identity(_) | tls::TlsError::Certificate(_))
    ));

    let identity = tls::identity(&certificate, &key).unwrap();
    let limits = Limits { header_read: Duration::from_millis(500), ..Limits::default() };
    let server = run(&World::new(), limits, Some(identity)).await;
    let url = format!("https://{}/healthz", server.address);
    let text = tokio::task::spawn_blocking(move || {
        // The certificate's dates are nobody's business here, so it is not verified.
        let unverified = ureq::tls::TlsConfig::builder().disable_verification(true).build();
        let agent =
            ureq::Agent::new_with_config(ureq::Agent::config_builder().tls_config(unverified).build());
        let response = agent.get(&url).call().unwrap();
        assert!(response.headers().contains_key("strict-transport-security"));
        response.into_body().read_to_string().unwrap()
    });
    assert_eq!(text.await.unwrap(), "ok\n");
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(to_the_end(&mut silent).await, "");
}

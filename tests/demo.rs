//! The demo as somebody meets it: made, served, lived in by script, verified, tampered with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![cfg(unix)]

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// How long the first start may take on a slow machine: keys, an import, an epoch, without optimisation.
const PATIENCE: Duration = Duration::from_mins(10);

fn program(folder: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_medicrypt"));
    program.current_dir(folder).env_remove("MEDICRYPT_PASSPHRASE").env("HOME", folder).stdin(Stdio::null());
    program
}

/// A host's command on what the demo made.
fn host(folder: &Path, command: &[&str]) -> Output {
    let place =
        ["data", "master", "checkpoints"].map(|part| [format!("--{part}"), format!("medicrypt-demo/{part}")]);
    program(folder).args(command).args(place.concat()).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Starts the demo and waits until it listens.
fn start(folder: &Path, listen: &str) -> Child {
    let mut demo = program(folder)
        .args(["demo", "--listen", listen])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while TcpStream::connect(listen).is_err() {
        assert_eq!(demo.try_wait().unwrap(), None, "the demo ended before it listened");
        assert!(begun.elapsed() < PATIENCE, "the demo does not listen");
        sleep(Duration::from_millis(200));
    }
    demo
}

/// Ctrl-C.
fn stop(mut demo: Child) {
    assert!(Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap().success());
    assert!(demo.wait().unwrap().success(), "the demo did not stop gracefully");
}

#[test]
fn the_demo_tells_the_whole_story_is_never_served_and_shows_what_was_tampered_with() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let demo = start(folder, &listen);
    let story = Command::new("bash")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/story.sh"))
        .arg(&listen)
        .current_dir(folder)
        .env("MEDICRYPT", env!("CARGO_BIN_EXE_medicrypt"))
        .output()
        .unwrap();
    assert!(story.status.success(), "{}", said(&story));
    stop(demo);

    // Once made it is found again, and nothing but a demo takes it.
    let again = program(folder).args(["demo", "--no-serve"]).output().unwrap();
    assert!(again.status.success() && !said(&again).contains("importing"), "{}", said(&again));
    let served = host(folder, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(served.status.code(), Some(1), "{}", said(&served));
    assert!(said(&served).contains("medicrypt demo"), "{}", said(&served));

    for command in [&["verify"][..], &["ledger", "verify"], &["statistics", "verify"]] {
        let verified = host(folder, command);
        assert_eq!(verified.status.code(), Some(0), "{command:?}: {}", said(&verified));
    }
    edit(folder, "UPDATE account SET status = 'ACTIVE' WHERE status = 'DISABLED'");
    let verified = host(folder, &["verify"]);
    assert_eq!(verified.status.code(), Some(5), "{}", said(&verified));
    assert!(said(&verified).contains("account") && said(&verified).contains("edited"), "{}", said(&verified));
    edit(folder, "UPDATE ledger SET outcome = 'GRANTED' WHERE outcome = 'DENIED'");
    let verified = host(folder, &["ledger", "verify"]);
    assert_eq!(verified.status.code(), Some(5), "{}", said(&verified));
    edit(folder, "UPDATE ledger SET outcome = 'DENIED' WHERE idx = (SELECT max(idx) FROM ledger)");
    let verified = host(folder, &["ledger", "verify"]);
    assert_eq!(verified.status.code(), Some(5), "{}", said(&verified));
    edit(folder, "DELETE FROM ledger_row");
    edit(folder, "DELETE FROM ledger WHERE idx > 20");
    let verified = host(folder, &["verify"]);
    assert_eq!(verified.status.code(), Some(5), "{}", said(&verified));
    assert!(said(&verified).contains("older copy"), "{}", said(&verified));
}

#[test]
fn the_demo_takes_no_folder_that_it_did_not_make() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("medicrypt-demo")).unwrap();
    let precious = folder.path().join("medicrypt-demo/precious");
    std::fs::write(&precious, "work of a year").unwrap();
    let refused = program(folder.path()).args(["demo", "--fresh", "--no-serve"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(precious.exists());
}

/// What somebody does who has the database but not the keys.
fn edit(folder: &Path, statement: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sea_orm::{ConnectionTrait as _, Database};
        let file = folder.join("medicrypt-demo/data/medicrypt.db");
        let mut options = sea_orm::ConnectOptions::new(format!("sqlite://{}", file.display()));
        // As the server's own connections: see `store/connect.rs`.
        options.idle_timeout(None::<std::time::Duration>).max_lifetime(None::<std::time::Duration>);
        let database = Database::connect(options).await.unwrap();
        assert_ne!(database.execute_unprepared(statement).await.unwrap().rows_affected(), 0);
        database.close().await.unwrap();
    });
}

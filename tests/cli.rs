//! The command line as people and scripts meet it: help, exit codes, key files, signatures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::{
    path::Path,
    process::{Command, Output},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Runs the program in a folder of its own, with nothing set in the environment.
fn medicrypt(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_medicrypt"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
}

fn code(folder: &Path, arguments: &[&str]) -> i32 {
    medicrypt(folder, arguments).status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Every command with its path, the groups included.
fn commands(of: &clap::Command, path: &str, all: &mut Vec<(String, clap::Command)>) {
    for command in of.get_subcommands().filter(|command| command.get_name() != "help") {
        let path = format!("{path} {}", command.get_name());
        all.push((path.clone(), command.clone()));
        commands(command, &path, all);
    }
}

/// A line of shell in words: quotes are all it knows.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            (_, c) => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[test]
fn the_definition_of_the_commands_is_sound() {
    medicrypt::cli::command().debug_assert();
}

#[test]
fn every_command_has_examples_and_every_example_is_understood() {
    let root = medicrypt::cli::command();
    let mut all = vec![("medicrypt".to_owned(), root.clone())];
    commands(&root, "medicrypt", &mut all);
    assert!(all.len() > 35, "only {} commands were looked at", all.len());
    let mut parsed = 0;
    for (path, command) in all {
        let help = command.get_after_help().unwrap_or_else(|| panic!("`{path}` has no examples")).to_string();
        assert!(help.contains("Examples:\n  medicrypt"), "`{path}` has no examples");
        for line in help.lines().filter_map(|line| line.strip_prefix("  medicrypt")) {
            let words = shell_words(&format!("medicrypt{line}"));
            let words = words.iter().take_while(|word| !["|", ">", "<"].contains(&word.as_str()));
            let result = medicrypt::cli::command().try_get_matches_from(words);
            let understood = match &result {
                Ok(_) => true,
                Err(error) => error.kind() == clap::error::ErrorKind::DisplayHelp,
            };
            assert!(
                understood,
                "an example of `{path}` is not understood: medicrypt{line}\n{:?}",
                result.err()
            );
            parsed += 1;
        }
    }
    assert!(parsed > 50, "only {parsed} examples were found");
}

#[test]
fn exit_codes_are_those_that_the_help_promises() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let help = stdout(&medicrypt(folder, &["--help"]));
    assert!((0..=5).all(|code| help.contains(&format!("\n  {code}  "))), "{help}");
    assert_eq!(code(folder, &["schema"]), 0);
    assert_eq!(code(folder, &["me"]), 1, "not logged in");
    assert_eq!(code(folder, &["prescribe"]), 2, "no such command");
    assert_eq!(code(folder, &["verify"]), 2, "no installation there");
    assert!(!folder.join("medicrypt-data").exists(), "verifying made an installation");
    assert_eq!(code(folder, &["query", "--anonymous", "-q", "{ me }", "--server", "records.example"]), 2);
    // Nobody listens on port 1.
    let nobody =
        medicrypt(folder, &["query", "--anonymous", "-q", "{ me }", "--server", "http://127.0.0.1:1"]);
    assert_eq!(nobody.status.code(), Some(4), "{}", stderr(&nobody));
}

#[test]
fn a_server_that_speaks_something_else_is_not_reached() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(folder.path(), &["query", "--anonymous", "-q", "{ me }", "--server", &address]), 4);
    server.join().unwrap();
}

#[test]
fn the_schema_is_printed_whole() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(stdout(&medicrypt(folder.path(), &["schema"])), medicrypt::schema::sdl());
}

#[test]
fn the_settings_in_force_are_shown_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("medicrypt.toml"),
        "listen = \"0.0.0.0:1\"\ndatabase = \"postgres://me:s3cret@h/d\"\n",
    )
    .unwrap();
    let shown = Command::new(env!("CARGO_BIN_EXE_medicrypt"))
        .args(["config", "--checkpoints", "/by-flag"])
        .current_dir(folder.path())
        .env_clear()
        .envs([("MEDICRYPT_LISTEN", "127.0.0.1:2"), ("MEDICRYPT_CHECKPOINTS", "/by-environment")])
        .env("MEDICRYPT_PASSPHRASE", "a passphrase that is secret")
        .output()
        .unwrap();
    let shown = stdout(&shown);
    assert!(shown.contains("127.0.0.1:2") && shown.contains("/by-flag"), "{shown}");
    assert!(shown.contains("postgres://me:***@h/d") && !shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("passphrase") && !shown.contains("that is secret"), "{shown}");
}

#[cfg(unix)]
#[test]
fn a_private_key_is_its_owners_alone_and_is_never_overwritten() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(code(folder, &["keygen", "--out", "own.pem", "--bits", "2048"]), 0);
    let mode = |file: &str| std::fs::metadata(folder.join(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("own.pem"), 0o600);
    assert_ne!(mode("own.pub.pem") & 0o044, 0);
    let before = std::fs::read(folder.join("own.pem")).unwrap();
    assert_eq!(code(folder, &["keygen", "--out", "own.pem"]), 1);
    assert_eq!(std::fs::read(folder.join("own.pem")).unwrap(), before);

    // One that others can read is not used.
    std::fs::write(folder.join("text"), login_text()).unwrap();
    std::fs::set_permissions(folder.join("own.pem"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = medicrypt(folder, &["sign", "text", "--key", "own.pem", "--yes"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("chmod 600"), "{}", stderr(&refused));
}

#[test]
fn what_is_signed_is_shown_first_and_openssl_verifies_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(code(folder, &["keygen", "--out", "own.pem", "--bits", "2048"]), 0);
    std::fs::write(folder.join("text"), login_text()).unwrap();
    let signed = medicrypt(folder, &["sign", "text", "--key", "own.pem", "--yes"]);
    assert!(signed.status.success(), "{}", stderr(&signed));
    let shown = stderr(&signed);
    assert!(shown.contains("origin") && shown.contains("https://records.example"), "{shown}");

    std::fs::write(folder.join("raw"), STANDARD.decode(stdout(&signed).trim()).unwrap()).unwrap();
    let openssl = |arguments: &[&str]| Command::new("openssl").args(arguments).current_dir(folder).output();
    let Ok(check) = openssl(&["pkey", "-in", "own.pem", "-check", "-noout"]) else {
        eprintln!("SKIPPED: openssl is not here to read the key and verify the signature");
        return;
    };
    assert!(check.status.success(), "{}", stderr(&check));
    let derived = openssl(&["pkey", "-in", "own.pem", "-pubout"]).unwrap();
    assert_eq!(stdout(&derived), std::fs::read_to_string(folder.join("own.pub.pem")).unwrap());
    let verify = ["dgst", "-sha256", "-verify", "own.pub.pem", "-signature", "raw", "text"];
    assert!(openssl(&verify).unwrap().status.success());
    std::fs::write(folder.join("text"), login_text().replace("records", "recordz")).unwrap();
    assert!(!openssl(&verify).unwrap().status.success());
}

#[test]
fn nothing_is_signed_unasked_or_that_nobody_would_ask_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(code(folder, &["keygen", "--out", "own.pem", "--bits", "2048"]), 0);
    std::fs::write(folder.join("text"), login_text()).unwrap();
    let unasked = medicrypt(folder, &["sign", "text", "--key", "own.pem"]);
    assert_eq!((unasked.status.code(), stdout(&unasked).as_str()), (Some(2), ""));
    for other in
        [r#"{"domain":"medicrypt/elsewhere/v1"}"#, r#"{ "domain": "medicrypt/login/v1" }"#, "I owe you", ""]
    {
        std::fs::write(folder.join("other"), other).unwrap();
        let refused = medicrypt(folder, &["sign", "other", "--key", "own.pem", "--yes"]);
        assert_eq!((refused.status.code(), stdout(&refused).as_str()), (Some(1), ""), "{other}");
    }
}

/// A canonical login text, as no client has to write it by hand.
fn login_text() -> String {
    use crypto::signed_text::{Login, LoginPurpose, SignedText as _};
    let hash = "A".repeat(43);
    Login {
        user: "omkar@doctor.kmc.edu".to_owned(),
        challenge: hash.clone(),
        purpose: LoginPurpose::Login,
        origin: "https://records.example".to_owned(),
        key_id: hash,
    }
    .text()
    .unwrap()
}

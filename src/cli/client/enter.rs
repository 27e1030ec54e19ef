//! Coming in and going out: enrolment, login, logout, a new key.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use crypto::signed_text::{self, LoginPurpose, text_hash};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{
    Door,
    http::{DEFAULT, Server},
    input,
    key::OwnKey,
    session::Session,
    text,
};
use crate::cli::output::{Column, confirm, listed, password, say};

pub(super) const ENROL_EXAMPLES: &str = "\
Examples:
  medicrypt keygen --out omkar.pem
  medicrypt enrol --server https://records.example --username omkar@doctor.kmc.edu --code ABCD-EFGH --key omkar.pem

The password is asked for; in scripts use --password-stdin or MEDICRYPT_PASSWORD.";

pub(super) const LOGIN_EXAMPLES: &str = "\
Examples:
  medicrypt login --username omkar@doctor.kmc.edu --key omkar.pem
  echo \"$PASSWORD\" | medicrypt login --username omkar@doctor.kmc.edu --key omkar.pem --password-stdin --session omkar.json

The session is kept in a file that only you can read.";

pub(super) const LOGOUT_EXAMPLES: &str = "\
Examples:
  medicrypt logout
  medicrypt logout --everywhere";

pub(super) const REPLACE_EXAMPLES: &str = "\
Examples:
  medicrypt keygen --out new.pem
  medicrypt replace-key --new-key new.pem

What the old key signed stays verifiable.";

const MYSELF: &str = "{ me { id role username name keyId } }";
const ME: [Column; 5] =
    [("username", "/username"), ("name", "/name"), ("role", "/role"), ("id", "/id"), ("key id", "/keyId")];

/// Arguments of `enrol`.
#[derive(Args, Debug)]
pub struct Enrol {
    /// Your user name
    #[arg(long)]
    username: String,
    /// The one-time code
    #[arg(long)]
    code: String,
    /// Your private key, from `medicrypt keygen`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Read the new password from stdin
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    door: Door,
}

/// Arguments of `login`.
#[derive(Args, Debug)]
pub struct Login {
    /// Your user name
    #[arg(long)]
    username: String,
    /// Your private key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Read the password from stdin
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    door: Door,
}

/// Arguments of `logout`.
#[derive(Args, Debug)]
pub struct Logout {
    /// End every session of yours
    #[arg(long)]
    everywhere: bool,
    #[command(flatten)]
    door: Door,
}

/// Arguments of `replace-key`.
#[derive(Args, Debug)]
pub struct ReplaceKey {
    /// The key to come, from `medicrypt keygen`
    #[arg(long, value_name = "FILE")]
    new_key: PathBuf,
    /// The key in use [default: that of the login]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Sign without asking
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    door: Door,
}

/// Arguments of `me`.
#[derive(Args, Debug)]
pub struct Me {
    #[command(flatten)]
    door: Door,
}

/// Brings key and password to an account.
pub(super) fn enrol(args: &Enrol, file: Option<&Path>) -> Result<()> {
    let settings = args.door.settings(file)?;
    let server = Server::at(settings.server.as_deref().unwrap_or(DEFAULT), settings.ca.as_deref())?;
    let key = OwnKey::read(&args.key)?;
    let chosen = new_password(args.password_stdin)?;
    let text = signed_text::Enrol {
        user: args.username.clone(),
        code_hash: text_hash(&args.code),
        key_id: key.id(),
    };
    let fields = json!({
        "username": args.username,
        "code": args.code,
        "password": chosen.expose_secret(),
        "publicKey": key.public().spki_pem(),
        "signature": key.sign(&text)?,
    });
    let document = "mutation($input: EnrolInput!) { enrol(input: $input) { keyId } }";
    let data = server.ask(None, document, &input(&fields))?;
    args.door.output.fields(&data["enrol"], &[("key id", "/keyId")])?;
    say("enrolled: now `medicrypt login`");
    Ok(())
}

/// Opens a session.
pub(super) fn login(args: &Login, file: Option<&Path>) -> Result<()> {
    let settings = args.door.settings(file)?;
    let server = Server::at(settings.server.as_deref().unwrap_or(DEFAULT), settings.ca.as_deref())?;
    let key = OwnKey::read(&args.key)?;
    let known = password("password", args.password_stdin)?;

    let document = "mutation($input: LoginChallengeInput!) { loginChallenge(input: $input) { challenge } }";
    let data = server.ask(None, document, &input(&json!({ "username": args.username })))?;
    let login = signed_text::Login {
        user: args.username.clone(),
        challenge: text(&data, "/loginChallenge/challenge")?.to_owned(),
        purpose: LoginPurpose::Login,
        origin: server.origin().to_owned(),
        key_id: key.id(),
    };
    let fields = json!({
        "username": login.user,
        "password": known.expose_secret(),
        "challenge": login.challenge,
        "keyId": login.key_id,
        "origin": login.origin,
        "signature": key.sign(&login)?,
    });
    let document = "mutation($input: LoginInput!) { login(input: $input) { token expiresAt } }";
    let data = server.ask(None, document, &input(&fields))?;
    let session = Session {
        server: server.origin().to_owned(),
        username: args.username.clone(),
        token: SecretString::from(text(&data, "/login/token")?),
        expires_at: text(&data, "/login/expiresAt")?.to_owned(),
        key: args.key.canonicalize().context("private key")?,
    };
    session.write(&settings.session)?;
    let data = server.ask(Some(&session.token), MYSELF, &json!({}))?;
    args.door.output.fields(&data["me"], &ME)?;
    say(&format!("logged in until {}", session.expires_at));
    Ok(())
}

/// Ends the session, on the server and here.
pub(super) fn logout(args: &Logout, file: Option<&Path>) -> Result<()> {
    let client = args.door.enter(file)?;
    let document = if args.everywhere { "mutation { logoutEverywhere }" } else { "mutation { logout }" };
    let data = client.ask(document, &json!({}))?;
    Session::forget(&args.door.settings(file)?.session)?;
    if args.door.output.json {
        return args.door.output.data(&data);
    }
    say("logged out");
    Ok(())
}

/// Makes a new key one's own.
pub(super) fn replace_key(args: &ReplaceKey, file: Option<&Path>) -> Result<()> {
    let client = args.door.enter(file)?;
    let (old, new) = (client.key(args.key.as_ref())?, OwnKey::read(&args.new_key)?);
    let me = client.ask(MYSELF, &json!({}))?;
    let replace = signed_text::ReplaceKey {
        user: text(&me, "/me/username")?.to_owned(),
        old_key_id: old.id(),
        new_key_id: new.id(),
        new_key_spki: STANDARD.encode(new.public().spki_der()),
    };
    say(&listed(&[("old key", replace.old_key_id.clone()), ("new key", replace.new_key_id.clone())]));
    confirm("replace the old key by the new one?", args.yes)?;
    let fields = json!({
        "publicKey": new.public().spki_pem(),
        "signatureByOld": old.sign(&replace)?,
        "signatureByNew": new.sign(&replace)?,
    });
    let document = "mutation($input: ReplaceKeyInput!) { replaceKey(input: $input) { keyId } }";
    let data = client.ask(document, &input(&fields))?;
    let session = Session { key: args.new_key.canonicalize().context("private key")?, ..client.session };
    session.write(&args.door.settings(file)?.session)?;
    args.door.output.fields(&data["replaceKey"], &[("key id", "/keyId")])
}

/// Who one is.
pub(super) fn me(args: &Me, file: Option<&Path>) -> Result<()> {
    let data = args.door.enter(file)?.ask(MYSELF, &json!({}))?;
    args.door.output.fields(&data["me"], &ME)
}

/// Asks twice where somebody types it.
fn new_password(from_stdin: bool) -> Result<SecretString> {
    let first = password("new password", from_stdin)?;
    let scripted = from_stdin || crate::cli::config::secret(crate::cli::config::PASSWORD).is_some();
    if !scripted {
        let again = password("the same again", false)?;
        anyhow::ensure!(first.expose_secret() == again.expose_secret(), "the two passwords differ");
    }
    Ok(first)
}

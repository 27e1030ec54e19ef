//! The client: a hospital's day from a shell or a script, over HTTP. It is the independent way to sign: the texts are
//! composed here from what was typed, shown, and signed with a key that never leaves this machine.
//!
//! May touch: `crypto`, HTTP, the files it is told, and the settings and tables of `cli`. No room of the server.
//!
//! To add a verb: its arguments and its function in the file of the role that has it, with examples that parse.

mod admin;
mod doctor;
mod enter;
mod http;
mod key;
mod patient;
mod pharmacist;
mod query;
mod session;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use rand::CryptoRng;
use serde_json::{Value, json};

use self::{http::Server, key::OwnKey, session::Session};
use super::{
    config::{Remote, Settings},
    output::{Output, say},
};

/// What the client can do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a key pair; the private half stays in its file
    #[command(after_help = key::KEYGEN_EXAMPLES)]
    Keygen(key::Keygen),
    /// Sign a canonical text after showing what it says
    #[command(after_help = key::SIGN_EXAMPLES)]
    Sign(key::Sign),
    /// Bring your key and password to a new account, with its one-time code
    #[command(after_help = enter::ENROL_EXAMPLES)]
    Enrol(enter::Enrol),
    /// Log in with password and key
    #[command(after_help = enter::LOGIN_EXAMPLES)]
    Login(enter::Login),
    /// Log out, here or everywhere
    #[command(after_help = enter::LOGOUT_EXAMPLES)]
    Logout(enter::Logout),
    /// Replace your key by a new one, signed by both
    #[command(after_help = enter::REPLACE_EXAMPLES)]
    ReplaceKey(enter::ReplaceKey),
    /// Say who you are to the server
    #[command(after_help = "Examples:\n  medicrypt me\n  medicrypt me --json")]
    Me(enter::Me),
    /// List the medicines that can be prescribed
    #[command(after_help = "Examples:\n  medicrypt medicines\n  medicrypt medicines --json")]
    Medicines(doctor::Medicines),
    /// A doctor's day
    #[command(after_help = "Examples:\n  medicrypt doctor patients\n  medicrypt doctor prescribe --help")]
    Doctor(doctor::Doctor),
    /// A pharmacist's day
    #[command(after_help = "Examples:\n  medicrypt pharmacist queue\n  medicrypt pharmacist dispense --help")]
    Pharmacist(pharmacist::Pharmacist),
    /// What a patient may see
    #[command(after_help = "Examples:\n  medicrypt patient records\n  medicrypt patient access-log")]
    Patient(patient::Patient),
    /// What an administrator may do
    #[command(
        after_help = "Examples:\n  medicrypt admin audit\n  medicrypt admin mean SYSTOLIC --epsilon-milli 200"
    )]
    Admin(admin::Admin),
    /// Ask anything the API answers
    #[command(after_help = query::EXAMPLES)]
    Query(query::Query),
}

/// Runs one verb.
///
/// # Errors
/// What [`super::exit`] has codes for.
pub fn run(verb: &Verb, file: Option<&Path>) -> Result<()> {
    match verb {
        Verb::Keygen(keygen) => key::keygen(keygen),
        Verb::Sign(sign) => key::sign(sign),
        Verb::Enrol(enrol) => enter::enrol(enrol, file),
        Verb::Login(login) => enter::login(login, file),
        Verb::Logout(logout) => enter::logout(logout, file),
        Verb::ReplaceKey(replace) => enter::replace_key(replace, file),
        Verb::Me(me) => enter::me(me, file),
        Verb::Medicines(medicines) => doctor::medicines(medicines, file),
        Verb::Doctor(doctor) => doctor::run(doctor, file),
        Verb::Pharmacist(pharmacist) => pharmacist::run(pharmacist, file),
        Verb::Patient(patient) => patient::run(patient, file),
        Verb::Admin(admin) => admin::run(admin, file),
        Verb::Query(query) => query::run(query, file),
    }
}

/// How to get to the server and how to print: what every verb takes.
#[derive(Args, Clone, Debug)]
pub struct Door {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    remote: Remote,
}

impl Door {
    fn settings(&self, file: Option<&Path>) -> Result<Settings> {
        Settings::load(file, &[&self.remote])
    }

    /// The server with the session that was opened by `login`.
    fn enter(&self, file: Option<&Path>) -> Result<Client> {
        let settings = self.settings(file)?;
        let session = Session::read(&settings.session)?;
        // The token goes to the server that gave it, whatever else is set.
        let server = Server::at(&session.server, settings.ca.as_deref())?;
        if settings
            .server
            .as_ref()
            .is_some_and(|asked| Server::at(asked, None).is_ok_and(|asked| asked.origin() != server.origin()))
        {
            anyhow::bail!("the session is with `{}`: log in to the other server first", session.server);
        }
        Ok(Client { server, session, output: self.output })
    }
}

/// A server, and the right to ask it.
struct Client {
    server: Server,
    session: Session,
    output: Output,
}

impl Client {
    /// The data of one answer without errors.
    fn ask(&self, document: &str, variables: &Value) -> Result<Value> {
        self.server.ask(Some(&self.session.token), document, variables)
    }

    /// The key that signs: the one named, or the one of the login.
    fn key(&self, given: Option<&PathBuf>) -> Result<OwnKey> {
        OwnKey::read(given.unwrap_or(&self.session.key))
    }
}

/// Which part of a list.
#[derive(Args, Clone, Debug)]
pub struct Page {
    /// How many, 50 at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=50))]
    first: u32,
    /// Go on after this place, as the page before said
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

impl Page {
    fn variable(&self) -> Value {
        json!({ "first": self.first, "after": self.after })
    }

    /// Says where the list goes on, if it does.
    fn more(connection: &Value) {
        let info = &connection["pageInfo"];
        if info["hasNextPage"] == Value::Bool(true) {
            say(&format!("there is more: --after {}", info["endCursor"].as_str().unwrap_or_default()));
        }
    }
}

/// What one names in an input object, under its name.
fn input(fields: &Value) -> Value {
    json!({ "input": fields })
}

/// A text of an answer that must be there.
fn text<'a>(data: &'a Value, at: &str) -> Result<&'a str> {
    data.pointer(at).and_then(Value::as_str).with_context(|| format!("the server's answer has no `{at}`"))
}

/// Randomness of this machine, for keys, blinding and idempotency keys.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the client that takes the machine's randomness"
)]
fn rng() -> impl CryptoRng {
    rand::rng()
}

/// A random (version 4) UUID.
fn fresh_id() -> String {
    let mut bytes = [0; 16];
    rand::Rng::fill_bytes(&mut rng(), &mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A time as signed texts have it: RFC 3339, UTC, milliseconds.
fn signed_time(answer: &str) -> Result<String> {
    let time = chrono::DateTime::parse_from_rfc3339(answer)
        .context("the server's answer has a time that is none")?;
    Ok(time.to_utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

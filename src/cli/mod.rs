//! The command line: the server, the host's own commands, and the client.
//!
//! The host's commands open the rooms directly and need the master secret; the [client](client) knows a server's address
//! and a key file, nothing else.
//!
//! To add a command: a file with its arguments, its examples and its function; its variant here. `tests/cli.rs` asks every
//! command for examples, and parses them.

mod care;
mod check;
pub mod client;
pub mod config;
mod demo;
pub mod exit;
mod host;
mod import;
mod logs;
mod medicine;
pub mod output;
pub mod progress;
mod serve;
mod statistics;
mod user;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use self::{
    config::{Network, Place, Remote, Settings},
    output::{Output, listed, say},
};

/// Medical records and prescriptions, with privacy enforced by cryptography
#[derive(Debug, Parser)]
#[command(name = "medicrypt", version, propagate_version = true, after_help = format!("{EXAMPLES}\n\n{}", exit::HELP), max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Settings file [default: ./medicrypt.toml, if there]
    #[arg(long, global = true, env = "MEDICRYPT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// What is logged, as `info` or `medicrypt=debug,warn`; never personal data
    #[arg(long, global = true, env = "MEDICRYPT_LOG", value_name = "FILTER", default_value = logs::DEFAULT, hide_default_value = true)]
    log: String,
}

const EXAMPLES: &str = "\
Examples:
  medicrypt demo
  medicrypt serve --listen 127.0.0.1:8440
  medicrypt login --help

Settings: flags go before the environment (MEDICRYPT_…), and that before the settings file.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::Serve),
    /// A hospital to try: makes it, fills it, serves it, and says what to do
    #[command(after_help = demo::EXAMPLES)]
    Demo(demo::Demo),
    /// Take in data of other systems
    #[command(after_help = import::EXAMPLES)]
    Import(import::Import),
    /// Accounts, from the host: the first ones are made here
    #[command(after_help = user::EXAMPLES)]
    User(user::User),
    /// The medicine catalogue
    #[command(after_help = medicine::EXAMPLES)]
    Medicine(medicine::Medicine),
    /// Who treats whom
    #[command(after_help = care::EXAMPLES)]
    Care(care::Care),
    /// Verify the ledger, and every protected row against it, both ways
    #[command(after_help = check::VERIFY_EXAMPLES)]
    Verify(check::Verify),
    /// The ledger alone
    #[command(after_help = check::LEDGER_EXAMPLES)]
    Ledger(check::Ledger),
    /// Epochs and encrypted sums
    #[command(after_help = statistics::EXAMPLES)]
    Statistics(statistics::Statistics),
    /// Print the GraphQL schema
    #[command(after_help = "Examples:\n  medicrypt schema\n  medicrypt schema > schema.graphql")]
    Schema,
    /// Show the settings in force, secrets masked
    #[command(
        after_help = "Examples:\n  medicrypt config\n  medicrypt config --config /etc/medicrypt.toml --json"
    )]
    Config(Shown),
    #[command(flatten)]
    Client(client::Verb),
}

/// Arguments of `config`: all there are.
#[derive(Args, Debug)]
struct Shown {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    remote: Remote,
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match logs::begin(&cli.log).and_then(|()| run(&cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            exit::code(&error)
        }
    }
}

/// Every command there is, as `clap` knows them.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

fn run(cli: &Cli) -> Result<()> {
    let file = cli.config.as_deref();
    match &cli.command {
        Command::Serve(args) => serve::run(args, file),
        Command::Demo(args) => demo::run(args, file),
        Command::Import(args) => import::run(args, file),
        Command::User(args) => user::run(args, file),
        Command::Medicine(args) => medicine::run(args, file),
        Command::Care(args) => care::run(args, file),
        Command::Verify(args) => check::verify(args, file),
        Command::Ledger(args) => check::ledger(args, file),
        Command::Statistics(args) => statistics::run(args, file),
        Command::Schema => output::print(&crate::schema::sdl()),
        Command::Config(args) => {
            let settings = Settings::load(file, &[&args.place, &args.network, &args.remote])?;
            let shown = settings.shown();
            if args.output.json {
                let fields = shown.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
                return args.output.data(&serde_json::Value::Object(fields.collect()));
            }
            output::print(&listed(&shown))
        }
        Command::Client(verb) => client::run(verb, file),
    }
}

/// `medicrypt … | head` has got what it wanted.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

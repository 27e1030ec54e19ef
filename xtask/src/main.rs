//! The workshop: `cargo xtask test | demo | check | attacks | soak`.
//!
//! It starts programs and tells what came of them; it knows nothing of medicine. Each command is a file.
//! To add one: write `src/NAME.rs`, add it to [`Task`], and give its `--help` an example.

mod attacks;
mod check;
mod demo;
mod independent;
mod listing;
mod postgres;
mod run;
mod soak;
mod summary;
mod test;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// The workshop of MediCrypt.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask demo       a hospital in your browser
  cargo xtask test       every test, on SQLite and on PostgreSQL
  cargo xtask check      format, lints, licences, schema
  cargo xtask attacks    what is tried against MediCrypt, as sentences";

#[derive(Subcommand)]
enum Task {
    /// Run every test on both databases, then the checks by other implementations.
    #[command(after_help = test::EXAMPLES)]
    Test(test::Options),
    /// Start a hospital with made-up people in it, and say where to look.
    #[command(after_help = demo::EXAMPLES)]
    Demo(demo::Options),
    /// Check format, lints, licences and advisories, and that schema.graphql is what the code says.
    #[command(after_help = check::EXAMPLES)]
    Check,
    /// List the attacks that the tests try, as sentences, with their number.
    #[command(after_help = attacks::EXAMPLES)]
    Attacks,
    /// Run the long tests (ignored ones with `soak` in their name) and write docs/soak-DATE.md.
    #[command(after_help = soak::EXAMPLES)]
    Soak(Databases),
}

/// Where the tests find PostgreSQL. SQLite needs nothing.
#[derive(Args)]
struct Databases {
    /// A PostgreSQL of your own, as a role that may create databases; without it a throw-away cluster is started.
    #[arg(long, value_name = "URL", env = "MEDICRYPT_TEST_POSTGRES", hide_env_values = true)]
    postgres: Option<String>,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Test(options) => test::test(&options),
        Task::Demo(options) => demo::demo(&options),
        Task::Check => check::check(),
        Task::Attacks => attacks::attacks(),
        Task::Soak(databases) => soak::soak(&databases),
    };
    if let Err(error) = outcome {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}

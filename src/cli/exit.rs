//! Exit codes, and the errors that have one of their own.

use std::process::ExitCode;

/// What `--help` says about them.
pub const HELP: &str = "\
Exit codes:
  0  done
  1  it failed here: a file, a database, a key; nothing was half-written
  2  the command was not understood
  3  the server refused, with the code it prints
  4  the server could not be reached, or did not speak GraphQL
  5  a verification found something wrong";

/// The server said no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refused {
    /// `extensions.code`.
    pub code: String,
    /// In words.
    pub message: String,
}

/// There is no server there that we understand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not talk to `{server}`: {problem}")]
pub struct Unreachable {
    /// Its address.
    pub server: String,
    /// What happened.
    pub problem: String,
}

/// A verification did not go well. What was found is printed before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FoundWrong(pub String);

/// The command line makes no sense in a way that only shows when it runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The code of an error.
#[must_use]
pub fn code(error: &anyhow::Error) -> ExitCode {
    let code = if error.is::<Usage>() {
        2
    } else if error.is::<Refused>() {
        3
    } else if error.is::<Unreachable>() {
        4
    } else if error.is::<FoundWrong>() {
        5
    } else {
        1
    };
    ExitCode::from(code)
}

//! `cargo xtask demo`: a hospital to look at. Optimised, because it imports a whole clinic before it serves.

use std::os::unix::process::CommandExt;

use anyhow::Result;
use clap::Args;

use crate::run;

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask demo
  cargo xtask demo -- --help      what `medicrypt demo` understands; all arguments go to it

The first time takes some minutes: everything is compiled for speed.";

#[derive(Args)]
pub(crate) struct Options {
    /// Passed on to `medicrypt demo`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    rest: Vec<String>,
}

pub(crate) fn demo(options: &Options) -> Result<()> {
    let mut cargo = run::cargo("run --release --locked --bin medicrypt -- demo");
    // Becomes cargo, so that Ctrl-C and the exit code are medicrypt's own.
    Err(cargo.args(&options.rest).exec().into())
}

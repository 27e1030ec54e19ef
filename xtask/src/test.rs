//! `cargo xtask test`: every test on both databases, then the same answers from other implementations.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};

use crate::postgres::Postgres;
use crate::summary::Summary;
use crate::{Databases, independent, run};

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask test                              everything
  cargo xtask test -- --test attacks            one test file, on both databases
  cargo xtask test -- dispense                  the tests with `dispense` in their name
  MEDICRYPT_TEST_POSTGRES=postgres://me@localhost/postgres cargo xtask test

A test that cannot run (its database or data is missing) says so in the summary; with --strict that is a failure.";

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    databases: Databases,
    /// Fail if anything was skipped.
    #[arg(long, env = "CI", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    strict: bool,
    /// Passed on to `cargo test`.
    #[arg(last = true, value_name = "CARGO TEST ARGUMENTS")]
    rest: Vec<String>,
}

pub(crate) fn test(options: &Options) -> Result<()> {
    let mut summary = Summary::default();
    let postgres = Postgres::provide(options.databases.postgres.as_deref())?;
    if let Postgres::Missing(why) = postgres {
        summary.skip(format!("everything on PostgreSQL: {why}"));
    }

    // Tests add a line to this file when they cannot run; what a passing test prints, cargo swallows.
    let skips = tempfile::Builder::new().prefix("medicrypt-skips-").tempfile()?;
    let mut cargo = run::cargo("test --workspace --locked --no-fail-fast");
    cargo.args(&options.rest).env("MEDICRYPT_TEST_SKIPS", skips.path());
    postgres.tell(&mut cargo);
    let mut tally = Tally::default();
    summary.step("cargo test", || {
        tally = watch(&mut cargo)?;
        if tally.passed + tally.failed == 0 {
            bail!("no test ran");
        }
        Ok(tally.succeeded)
    });
    for why in skipped(skips.path())? {
        summary.skip(why);
    }

    independent::check(&mut summary)?;
    let description = postgres.description();
    drop(postgres);

    run::heading("summary");
    println!("  databases: {description}\n{summary}");
    println!("{} passed, {} failed, {} skipped", tally.passed, tally.failed, summary.skips());
    summary.verdict()?;
    if options.strict && summary.skips() > 0 {
        bail!("something was skipped, and --strict (or CI) forbids that");
    }
    Ok(())
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    succeeded: bool,
}

/// Runs `cargo test` in the open and adds up what its test programs report.
fn watch(cargo: &mut Command) -> Result<Tally> {
    let mut running =
        cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("could not start `cargo`")?;
    let mut tally = Tally::default();
    for line in BufReader::new(running.stdout.take().context("cargo has no output")?).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        if let Some((passed, failed)) = result(&line) {
            tally.passed += passed;
            tally.failed += failed;
        }
    }
    tally.succeeded = running.wait()?.success();
    Ok(tally)
}

/// `test result: ok. 5 passed; 0 failed; 0 ignored; …` is (5, 0).
fn result(line: &str) -> Option<(usize, usize)> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut counts = counts.split("; ").map(|count| count.split(' ').next()?.parse().ok());
    Some((counts.next()??, counts.next()??))
}

/// The lines that tests left, without the word they begin with.
fn skipped(file: &Path) -> Result<Vec<String>> {
    let lines = fs::read_to_string(file).context("could not read what the tests skipped")?;
    let why = |line: &str| line.strip_prefix("SKIPPED:").unwrap_or(line).trim().to_owned();
    Ok(lines.lines().map(why).filter(|line| !line.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_program_reports_is_understood() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(result(line), Some((12, 3)));
        assert_eq!(result("test a_result ... ok"), None);
    }

    #[test]
    fn skipped_lines_are_read_with_and_without_their_word() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "SKIPPED: no clinic\n\nno clock\n").unwrap();
        assert_eq!(skipped(file.path()).unwrap(), ["no clinic", "no clock"]);
    }
}

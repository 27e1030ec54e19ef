//! `cargo xtask soak`: the tests that take hours, one by one, with their durations written down.

use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::postgres::Postgres;
use crate::{Databases, listing, run};

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask soak
  cargo test --release --test load -- --ignored soak     by hand, without the page

A soak test is an integration test marked `#[ignore]` with `soak` in its name.";

pub(crate) fn soak(databases: &Databases) -> Result<()> {
    let mut tests = Vec::new();
    for target in listing::targets()? {
        let names = listing::tests(&target, "--release", "--ignored soak")?;
        tests.extend(names.into_iter().map(|name| (target.clone(), name)));
    }
    if tests.is_empty() {
        bail!("there is no soak test: mark an integration test `#[ignore]` and put `soak` in its name");
    }

    let postgres = Postgres::provide(databases.postgres.as_deref())?;
    let mut page = title(&postgres)?;
    let mut failed = 0;
    for (target, name) in &tests {
        run::heading(&format!("{target}: {name}"));
        let mut cargo = run::cargo("test --quiet --release --locked");
        cargo.args(["--test", target, "--", "--ignored", "--nocapture", "--exact", name]);
        postgres.tell(&mut cargo);
        let start = Instant::now();
        let passed = run::succeeds(&mut cargo)?;
        failed += usize::from(!passed);
        let verdict = if passed { "passed" } else { "FAILED" };
        writeln!(page, "| {target} | {name} | {verdict} | {:.1} |", start.elapsed().as_secs_f64())?;
    }
    drop(postgres);

    let file = format!("docs/soak-{}.md", today()?);
    fs::create_dir_all(run::root().join("docs"))?;
    fs::write(run::root().join(&file), page)?;
    println!("{} soak tests, {failed} failed: {file}", tests.len());
    if failed > 0 {
        bail!("{failed} soak tests failed");
    }
    Ok(())
}

fn title(postgres: &Postgres) -> Result<String> {
    let compiler = run::quietly(&mut run::program("rustc", ["--version"]))?;
    let commit = run::quietly(&mut run::program("git", ["describe", "--always", "--dirty"]));
    Ok(format!(
        "# Soak of {}\n\nCommit {}, {}, {} cores, {}.\n\n| file | test | result | seconds |\n|---|---|---|---:|\n",
        today()?,
        commit.as_deref().map_or("unknown", str::trim),
        compiler.trim(),
        available_parallelism()?,
        postgres.description(),
    ))
}

/// The date in UTC, `2026-11-22`.
fn today() -> Result<String> {
    Ok(run::quietly(Command::new("date").args(["-u", "+%Y-%m-%d"]))?.trim().to_owned())
}

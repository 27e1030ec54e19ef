//! `cargo xtask check`: what can be told without running MediCrypt's tests.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::run;
use crate::summary::Summary;

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask check
  cargo run --bin medicrypt -- schema > schema.graphql     after a change of the API
  cargo install cargo-deny                                 for licences and advisories";

pub(crate) fn check() -> Result<()> {
    let mut summary = Summary::default();
    summary.step("format", || run::succeeds(&mut run::cargo("fmt --all --check")));
    summary.step("lints", || {
        run::succeeds(&mut run::cargo("clippy --workspace --all-targets --locked -- --deny warnings"))
    });
    if run::quietly(Command::new("cargo").args(["deny", "--version"])).is_ok() {
        summary.step("licences and advisories", || run::succeeds(&mut run::cargo("deny --workspace check")));
    } else {
        summary.skip("licences and advisories: cargo-deny is not installed");
    }
    summary.step("schema.graphql is what the code says", schema_is_current);

    run::heading("summary");
    print!("{summary}");
    summary.verdict()
}

fn schema_is_current() -> Result<bool> {
    let code = run::output(&mut run::cargo("run --quiet --locked --bin medicrypt -- schema"))?;
    let file =
        fs::read_to_string(run::root().join("schema.graphql")).context("could not read schema.graphql")?;
    let Some((line, file, code)) = first_difference(&file, &code) else { return Ok(true) };
    eprintln!("schema.graphql, line {line}:\n  the file says `{file}`\n  the code says `{code}`");
    eprintln!("if the code is right: cargo run --bin medicrypt -- schema > schema.graphql");
    Ok(false)
}

/// The number, from 1, of the first line in which two texts differ, and both lines; a missing line is empty.
fn first_difference<'a>(left: &'a str, right: &'a str) -> Option<(usize, &'a str, &'a str)> {
    if left == right {
        return None;
    }
    let same = left.split('\n').zip(right.split('\n')).take_while(|(left, right)| left == right).count();
    let line = |text: &'a str| text.split('\n').nth(same).unwrap_or_default();
    Some((same + 1, line(left), line(right)))
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_differing_line_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\nc\n", "a\nx\ny\n"), Some((2, "b", "x")));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some((2, "", "b")));
        assert_eq!(first_difference("a\n", "a"), Some((2, "", "")));
    }
}

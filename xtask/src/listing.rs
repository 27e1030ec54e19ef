//! Which tests there are: asked of the test programs themselves.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::run;

/// The integration tests of the server, by the name `cargo test --test` knows: `tests/NAME.rs` and `tests/NAME/main.rs`.
pub(crate) fn targets() -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(run::root().join("tests")).context("could not read tests/")? {
        let path = entry?.path();
        let is_target =
            path.join("main.rs").exists() || path.extension().is_some_and(|extension| extension == "rs");
        if let Some(name) = path.file_stem().filter(|_| is_target) {
            targets.push(name.to_string_lossy().into_owned());
        }
    }
    targets.sort();
    Ok(targets)
}

/// The full names (`module::test`) of the tests in a target. `cargo_args` goes to cargo, `args` to the test program.
pub(crate) fn tests(target: &str, cargo_args: &str, args: &str) -> Result<Vec<String>> {
    let listing = run::output(&mut run::cargo(&format!(
        "test --quiet --locked {cargo_args} --test {target} -- --list {args}"
    )))?;
    Ok(listing.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// The file that holds a test: `tests/TARGET/a/b.rs` for `a::b::test` where there is such a file, else the target's own.
pub(crate) fn file(root: &Path, target: &str, test: &str) -> String {
    let modules: Vec<_> = test.split("::").collect();
    let beside = |depth: usize| format!("tests/{target}/{}.rs", modules[..depth].join("/"));
    let own = [format!("tests/{target}.rs"), format!("tests/{target}/main.rs")];
    let candidates = (1..modules.len()).rev().map(beside).chain(own);
    candidates.into_iter().find(|file| root.join(file).exists()).unwrap_or_else(|| format!("tests/{target}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_found_in_the_deepest_file_that_its_name_tells() {
        let root = tempfile::tempdir().unwrap();
        let attacks = root.path().join("tests/attacks");
        fs::create_dir_all(&attacks).unwrap();
        for name in ["main.rs", "ledger.rs"] {
            fs::write(attacks.join(name), "").unwrap();
        }
        let file = |test| file(root.path(), "attacks", test);
        assert_eq!(file("ledger::a_cut_tail_is_seen"), "tests/attacks/ledger.rs");
        assert_eq!(file("ledger::on_sqlite::a_cut_tail_is_seen"), "tests/attacks/ledger.rs");
        assert_eq!(file("a_forged_row_is_seen"), "tests/attacks/main.rs");
    }
}

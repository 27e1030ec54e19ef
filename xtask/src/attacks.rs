//! `cargo xtask attacks`: what is tried against MediCrypt. The test names are the list; nothing else is kept.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::{listing, run};

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask attacks                     list them
  cargo xtask test -- --test attacks      try them, on both databases";

/// Attacks that stand beside the tests of their room: a target, and the modules of it.
const BESIDE: [(&str, &[&str]); 2] = [
    ("http", &["protocol", "document", "confidentiality", "socket"]),
    ("identity", &["administrator", "login"]),
];

pub(crate) fn attacks() -> Result<()> {
    let root = run::root();
    let mut by_file: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for target in &listing::targets()? {
        let beside = BESIDE.iter().find(|(room, _)| room == target).map_or(&[][..], |(_, modules)| *modules);
        if !target.starts_with("attacks") && beside.is_empty() {
            continue;
        }
        for test in listing::tests(target, "", "")? {
            let module = test.split("::").next().unwrap_or_default();
            if !beside.is_empty() && !beside.contains(&module) {
                continue;
            }
            by_file.entry(listing::file(&root, target, &test)).or_default().push(sentence(&test));
        }
    }
    if by_file.is_empty() {
        bail!("there is no attack test: they live in tests/attacks*.rs or tests/attacks/");
    }
    for (file, attacks) in &by_file {
        println!("{file}: {}", attacks.len());
        for attack in attacks {
            println!("  - {attack}");
        }
        println!();
    }
    println!("{} attacks in {} files", by_file.values().map(Vec::len).sum::<usize>(), by_file.len());
    Ok(())
}

/// `ledger::a_cut_tail_is_seen` reads "A cut tail is seen."
fn sentence(test: &str) -> String {
    let words = test.rsplit("::").next().unwrap_or(test).replace('_', " ");
    let mut letters = words.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_test_name_reads_as_a_sentence() {
        assert_eq!(super::sentence("ledger::a_cut_tail_is_seen"), "A cut tail is seen.");
        assert_eq!(super::sentence("a_forged_row_is_refused"), "A forged row is refused.");
    }
}

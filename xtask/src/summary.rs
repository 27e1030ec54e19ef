//! What ran, what it ran on, and what did not run and why: the last thing a reader sees.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The steps of one command, in order.
#[derive(Default)]
pub(crate) struct Summary {
    steps: Vec<Step>,
    skips: BTreeMap<String, usize>,
}

struct Step {
    name: String,
    passed: bool,
    took: Duration,
}

impl Summary {
    /// Runs a step. That it could not be run at all is a failure too, and the next step still gets its turn.
    pub(crate) fn step(&mut self, name: impl Into<String>, run: impl FnOnce() -> Result<bool>) {
        let name = name.into();
        crate::run::heading(&name);
        let start = Instant::now();
        let passed = run().unwrap_or_else(|error| {
            eprintln!("{name}: {error:#}");
            false
        });
        self.steps.push(Step { name, passed, took: start.elapsed() });
    }

    /// Something that did not run; the same reason is told once, with its number.
    pub(crate) fn skip(&mut self, why: impl Into<String>) {
        let why = why.into();
        if !self.skips.contains_key(&why) {
            eprintln!("SKIPPED: {why}");
        }
        *self.skips.entry(why).or_default() += 1;
    }

    pub(crate) fn skips(&self) -> usize {
        self.skips.values().sum()
    }

    /// An error if a step failed.
    pub(crate) fn verdict(&self) -> Result<()> {
        let failed: Vec<_> =
            self.steps.iter().filter(|step| !step.passed).map(|step| step.name.as_str()).collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { name, passed, took } in &self.steps {
            let verdict = if *passed { "passed" } else { "FAILED" };
            writeln!(f, "  {verdict}   {name} ({:.1} s)", took.as_secs_f64())?;
        }
        for (why, times) in &self.skips {
            let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
            writeln!(f, "  SKIPPED  {why}{times}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_could_not_run_has_failed_and_the_next_still_runs() {
        let mut summary = Summary::default();
        summary.step("first", || bail!("no such program"));
        summary.step("second", || Ok(true));
        assert_eq!(summary.steps.len(), 2);
        assert_eq!(summary.verdict().unwrap_err().to_string(), "failed: first");
    }

    #[test]
    fn a_reason_for_skipping_is_told_once_with_its_number() {
        let mut summary = Summary::default();
        summary.skip("no PostgreSQL");
        summary.skip("no PostgreSQL");
        assert_eq!(summary.to_string(), "  SKIPPED  no PostgreSQL (2 times)\n");
        assert_eq!(summary.skips(), 2);
        assert!(summary.verdict().is_ok());
    }
}

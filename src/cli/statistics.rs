//! `statistics`: closing an epoch, and checking the encrypted sums without decrypting any.

use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    exit::FoundWrong,
    host::{Here, block_on},
    progress,
};
use crate::ledger::By;

pub(super) const EXAMPLES: &str = "\
Examples:
  medicrypt statistics close
  medicrypt statistics verify --json";

/// Arguments of `statistics`.
#[derive(Args, Debug)]
pub(super) struct Statistics {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    here: Here,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Close the open epoch: statistics answer on it from now on
    #[command(after_help = "Examples:\n  medicrypt statistics close")]
    Close,
    /// Recompute every encrypted sum from its rows and compare; exit code 5 where one differs
    #[command(after_help = "Examples:\n  medicrypt statistics verify\n  medicrypt statistics verify --json")]
    Verify,
}

/// Runs one of them.
pub(super) fn run(args: &Statistics, file: Option<&Path>) -> Result<()> {
    let output = args.here.output;
    block_on(async {
        let world = args.here.open(file).await?;
        match args.verb {
            Verb::Close => {
                let bar = progress::spinner("closing the epoch");
                let number = world.statistics.close_epoch(By::System).await?;
                bar.finish_and_clear();
                output.fields(&json!({ "number": number }), &[("closed epoch", "/number")])?;
                Ok(world.close().await?)
            }
            Verb::Verify => {
                let bar = progress::counter("patients", 0);
                let hear = |metric, done, of| bar.set_message(format!("{metric:?}: {done} of {of} patients"));
                let sums = world.statistics.verify_sums(hear).await?;
                bar.finish_and_clear();
                world.close().await?;
                let shown = |sum: &crate::statistics::SumVerdict| json!({ "metric": format!("{:?}", sum.metric), "epoch": sum.epoch, "holds": sum.holds });
                let columns = [("metric", "/metric"), ("epoch", "/epoch"), ("holds", "/holds")];
                output.table(&sums.iter().map(shown).collect(), &columns)?;
                if sums.iter().all(|sum| sum.holds) {
                    return Ok(());
                }
                Err(FoundWrong("a sum is not what its rows make".to_owned()).into())
            }
        }
    })
}

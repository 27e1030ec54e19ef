//! `verify` and `ledger`: is everything as it was written? What is found is named, and the exit code says so.

use std::path::Path;

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    exit::FoundWrong,
    host::{Here, block_on},
    output::Output,
    progress,
};
use crate::{
    ledger::{self, LedgerError},
    world::WorldError,
};

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  medicrypt verify
  medicrypt verify --data /srv/medicrypt --json

Names table, row and kind (edited, stale, missing, resurrected) of every row that is not as the ledger has it, and the first
bad entry of the ledger. Exit code 5 where there is any.";

pub(super) const LEDGER_EXAMPLES: &str = "\
Examples:
  medicrypt ledger verify
  medicrypt ledger verify --json";

/// Arguments of `verify`.
#[derive(Args, Debug)]
pub(super) struct Verify {
    #[command(flatten)]
    here: Here,
}

/// Arguments of `ledger`.
#[derive(Args, Debug)]
pub(super) struct Ledger {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    here: Here,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Verify the chain from its first entry to the newest checkpoint
    #[command(after_help = LEDGER_EXAMPLES)]
    Verify,
}

/// Verifies the ledger, then every table against it.
pub(super) fn verify(args: &Verify, file: Option<&Path>) -> Result<()> {
    block_on(async {
        let (ledger, mut verdict) = chain(&args.here, file).await?;
        let Some(ledger) = ledger else { return conclude(&verdict, args.here.output) };
        let bar = progress::counter("rows", 0);
        let rows = match ledger.verify_rows(|table, done| bar.set_message(format!("{table} {done}"))).await {
            Ok(rows) => rows,
            // The chain's own verdict has named it.
            Err(LedgerError::Broken(_)) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        bar.finish_and_clear();
        let faults: Vec<Value> = rows
            .iter()
            .map(|fault| json!({ "table": fault.table, "row": fault.row, "kind": fault.kind.to_string() }))
            .collect();
        verdict["holds"] = json!(verdict["holds"] == json!(true) && faults.is_empty());
        verdict["rowFaults"] = faults.into();
        conclude(&verdict, args.here.output)
    })
}

/// Runs what concerns the ledger alone.
pub(super) fn ledger(args: &Ledger, file: Option<&Path>) -> Result<()> {
    let Verb::Verify = args.verb;
    block_on(async {
        let (_, verdict) = chain(&args.here, file).await?;
        conclude(&verdict, args.here.output)
    })
}

/// The ledger, and the verdict about its chain. Without its end, or cut before a checkpoint, it does not open: the reason is
/// the verdict then.
async fn chain(here: &Here, file: Option<&Path>) -> Result<(Option<ledger::Ledger>, Value)> {
    let ledger = match here.open_ledger(file).await? {
        Ok(ledger) => ledger,
        Err(WorldError::Ledger(
            error @ (LedgerError::Broken(_) | LedgerError::OlderThanCheckpoint { .. }),
        )) => {
            let index = match error {
                LedgerError::Broken(index) => index,
                LedgerError::OlderThanCheckpoint { found, .. } => found,
                _ => 0,
            };
            let fault = error.to_string();
            return Ok((
                None,
                json!({ "holds": false, "entries": null, "root": null, "firstBadIndex": index, "fault": fault }),
            ));
        }
        Err(error) => return Err(error).context("the ledger did not open"),
    };
    let entries = u64::try_from(*ledger.head().borrow() + 1).unwrap_or_default();
    let bar = progress::counter("ledger", entries);
    let verdict = ledger.verify(|done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    let verdict = json!({
        "holds": verdict.first_fault.is_none(),
        "entries": verdict.entries,
        "root": STANDARD.encode(verdict.root),
        "firstBadIndex": verdict.first_fault.map(|(index, _)| index),
        "fault": verdict.first_fault.map(|(_, fault)| fault.to_string()),
    });
    Ok((Some(ledger), verdict))
}

fn conclude(verdict: &Value, output: Output) -> Result<()> {
    let mut fields = vec![("holds", "/holds"), ("entries", "/entries"), ("root", "/root")];
    if !verdict["firstBadIndex"].is_null() {
        fields.extend([("first bad entry", "/firstBadIndex"), ("fault", "/fault")]);
    }
    output.fields(verdict, &fields)?;
    if verdict["holds"] == json!(true) {
        return Ok(());
    }
    let faults = &verdict["rowFaults"];
    if !output.json && faults.as_array().is_some_and(|faults| !faults.is_empty()) {
        output.table(faults, &[("table", "/table"), ("row", "/row"), ("kind", "/kind")])?;
    }
    Err(FoundWrong("something was changed behind the server's back".to_owned()).into())
}

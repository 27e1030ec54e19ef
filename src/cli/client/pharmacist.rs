//! A pharmacist's day: the queue, the verdict, the hand-over.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use crypto::signed_text::{Handover, SignedText as _};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Client, Door, Page, fresh_id, input, signed_time, text};

const QUEUE_EXAMPLES: &str = "\
Examples:
  medicrypt pharmacist queue
  medicrypt pharmacist queue --first 10 --json";

const VERIFY_EXAMPLES: &str = "\
Examples:
  medicrypt pharmacist verify 7c9e6679-7425-40de-944b-e07fc1f90ae7";

const DISPENSE_EXAMPLES: &str = "\
Examples:
  medicrypt pharmacist dispense 7c9e6679-7425-40de-944b-e07fc1f90ae7
  medicrypt pharmacist dispense 7c9e6679-7425-40de-944b-e07fc1f90ae7 --quantity 10 --yes --json

Without --quantity, what is left. The hand-over is composed here, shown to you, and signed with your key.";

/// Arguments of `pharmacist`.
#[derive(Args, Debug)]
pub struct Pharmacist {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List what waits to be dispensed
    #[command(after_help = QUEUE_EXAMPLES)]
    Queue(Page),
    /// Verify a prescription, step by step
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify {
        /// The prescription's id
        id: Uuid,
    },
    /// Verify a prescription, sign the hand-over and dispense
    #[command(after_help = DISPENSE_EXAMPLES)]
    Dispense(Dispense),
}

#[derive(Args, Debug)]
struct Dispense {
    /// The prescription's id
    id: Uuid,
    /// Units handed over [default: all that are left]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    quantity: Option<u32>,
    /// Your private key [default: that of the login]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Sign without asking
    #[arg(long)]
    yes: bool,
}

/// Runs a pharmacist's verb.
pub(super) fn run(args: &Pharmacist, file: Option<&Path>) -> Result<()> {
    let client = args.door.enter(file)?;
    match &args.verb {
        Verb::Queue(page) => queue(&client, page),
        Verb::Verify { id } => show(&client, &verdict(&client, *id)?),
        Verb::Dispense(form) => dispense(&client, form),
    }
}

fn queue(client: &Client, page: &Page) -> Result<()> {
    let document = "query($page: Page!) { prescriptionQueue(page: $page) {
        edges { node { id state medicine quantity createdAt expiresAt } } pageInfo { hasNextPage endCursor } } }";
    let data = client.ask(document, &json!({ "page": page.variable() }))?;
    let columns = [
        ("id", "/node/id"),
        ("state", "/node/state"),
        ("medicine", "/node/medicine"),
        ("quantity", "/node/quantity"),
        ("since", "/node/createdAt"),
        ("until", "/node/expiresAt"),
    ];
    client.output.table(&data["prescriptionQueue"]["edges"], &columns)?;
    Page::more(&data["prescriptionQueue"]);
    Ok(())
}

fn verdict(client: &Client, id: Uuid) -> Result<Value> {
    let document = "query($id: UUID!) { verifyPrescription(id: $id) {
        id dispensable state steps { name holds seen } patient { id mrn given family birthDate } prescriberId
        medicine dosage quantity left prescriptionHash } }";
    Ok(client.ask(document, &json!({ "id": id }))?["verifyPrescription"].take())
}

fn show(client: &Client, verdict: &Value) -> Result<()> {
    let output = client.output;
    if output.json {
        return output.data(verdict);
    }
    let fields = [
        ("dispensable", "/dispensable"),
        ("state", "/state"),
        ("given", "/patient/given"),
        ("family", "/patient/family"),
        ("born", "/patient/birthDate"),
        ("medicine", "/medicine"),
        ("dosage", "/dosage"),
        ("quantity", "/quantity"),
        ("left", "/left"),
    ];
    output.fields(verdict, &fields)?;
    output.heading("Steps")?;
    output.table(&verdict["steps"], &[("step", "/name"), ("holds", "/holds"), ("seen", "/seen")])
}

fn dispense(client: &Client, form: &Dispense) -> Result<()> {
    let key = client.key(form.key.as_ref())?;
    let verdict = verdict(client, form.id)?;
    let hash = verdict["prescriptionHash"].as_str();
    let hash =
        hash.context("the prescription's signature does not hold: see `medicrypt pharmacist verify`")?;
    let left = verdict["left"].as_u64().and_then(|left| u32::try_from(left).ok()).filter(|left| *left > 0);
    let state = verdict["state"].as_str().unwrap_or_default();
    let quantity =
        form.quantity.or(left).with_context(|| format!("nothing is left to dispense: it is {state}"))?;
    let data = client.ask("{ me { id } serverTime }", &json!({}))?;
    let handover = Handover {
        prescription: form.id.to_string(),
        prescription_hash: hash.to_owned(),
        pharmacist: text(&data, "/me/id")?.to_owned(),
        key_id: key.id(),
        quantity,
        handover: fresh_id(),
        at: signed_time(text(&data, "/serverTime")?)?,
    };
    let signature = key.sign_shown(&handover.text()?, form.yes)?;
    let document = "mutation($input: DispenseInput!) { dispense(input: $input) {
        id prescriptionId quantity left dispensedAt ledgerIndex signedText signature } }";
    let signed = json!({
        "prescriptionId": form.id,
        "handoverId": handover.handover,
        "quantity": handover.quantity,
        "at": handover.at,
        "keyId": handover.key_id,
        "signature": signature,
        "idempotencyKey": fresh_id(),
    });
    let data = client.ask(document, &input(&signed))?;
    let fields = [
        ("receipt", "/id"),
        ("prescription", "/prescriptionId"),
        ("quantity", "/quantity"),
        ("left", "/left"),
        ("at", "/dispensedAt"),
        ("ledger entry", "/ledgerIndex"),
    ];
    client.output.fields(&data["dispense"], &fields)
}

//! What a patient may see: their own records and prescriptions, and who looked.

use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Client, Door, Page,
    doctor::{PRESCRIPTION, RECORD},
};
use crate::cli::output::Column;

/// Arguments of `patient`.
#[derive(Args, Debug)]
pub struct Patient {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Who the hospital thinks you are
    #[command(after_help = "Examples:\n  medicrypt patient profile")]
    Profile,
    /// Your records
    #[command(after_help = "Examples:\n  medicrypt patient records\n  medicrypt patient records --json")]
    Records(Page),
    /// Your prescriptions
    #[command(after_help = "Examples:\n  medicrypt patient prescriptions")]
    Prescriptions(Page),
    /// Who looked at your record, when, and for what
    #[command(
        after_help = "Examples:\n  medicrypt patient access-log\n  medicrypt patient access-log --json"
    )]
    AccessLog(Page),
}

/// Runs a patient's verb.
pub(super) fn run(args: &Patient, file: Option<&Path>) -> Result<()> {
    let client = args.door.enter(file)?;
    match &args.verb {
        Verb::Profile => profile(&client),
        Verb::Records(page) => list(
            &client,
            page,
            "myRecords",
            "id recordedAt kind title code cause notes start end department",
            &RECORD,
        ),
        Verb::Prescriptions(page) => list(
            &client,
            page,
            "myPrescriptions",
            "id state medicine quantity dosage createdAt expiresAt",
            &PRESCRIPTION,
        ),
        Verb::AccessLog(page) => list(&client, page, "myAccessLog", ENTRY_FIELDS, &ENTRY),
    }
}

const ENTRY_FIELDS: &str = "index at who role action purpose outcome";
const ENTRY: [Column; 7] = [
    ("entry", "/node/index"),
    ("at", "/node/at"),
    ("who", "/node/who"),
    ("role", "/node/role"),
    ("action", "/node/action"),
    ("purpose", "/node/purpose"),
    ("outcome", "/node/outcome"),
];

fn profile(client: &Client) -> Result<()> {
    let data = client.ask("{ myProfile { id mrn given family sex birthDate } }", &json!({}))?;
    let fields = [
        ("id", "/id"),
        ("number", "/mrn"),
        ("given", "/given"),
        ("family", "/family"),
        ("sex", "/sex"),
        ("born", "/birthDate"),
    ];
    client.output.fields(&data["myProfile"], &fields)
}

fn list(client: &Client, page: &Page, field: &str, wanted: &str, columns: &[Column]) -> Result<()> {
    let document = format!(
        "query($page: Page!) {{ {field}(page: $page) {{ edges {{ node {{ {wanted} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    );
    let data = client.ask(&document, &json!({ "page": page.variable() }))?;
    let connection: &Value = &data[field];
    client.output.table(&connection["edges"], columns)?;
    Page::more(connection);
    Ok(())
}

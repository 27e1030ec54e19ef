//! A doctor's day: whom one treats, opening a patient, prescribing.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use crypto::signed_text::{MedicineText, Prescription, SignedText as _};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Client, Door, Page, fresh_id, input, signed_time, text};
use crate::cli::output::Column;

const PATIENTS_EXAMPLES: &str = "\
Examples:
  medicrypt doctor patients
  medicrypt doctor patients --json";

const OPEN_EXAMPLES: &str = "\
Examples:
  medicrypt doctor open 7c9e6679-7425-40de-944b-e07fc1f90ae7
  medicrypt doctor open 7c9e6679-7425-40de-944b-e07fc1f90ae7 --json";

const PRESCRIBE_EXAMPLES: &str = "\
Examples:
  medicrypt doctor prescribe 7c9e6679-7425-40de-944b-e07fc1f90ae7 --medicine ATOR20 --quantity 30 --dosage '1 at night'
  medicrypt doctor prescribe 7c9e6679-7425-40de-944b-e07fc1f90ae7 --medicine ATOR20 --quantity 30 --dosage '1 at night' \
    --yes --json

The text is composed here from what you typed, shown to you, and signed with your key.";

pub(super) const RECORD: [Column; 6] = [
    ("recorded", "/node/recordedAt"),
    ("kind", "/node/kind"),
    ("title", "/node/title"),
    ("code", "/node/code"),
    ("cause", "/node/cause"),
    ("notes", "/node/notes"),
];

pub(super) const PRESCRIPTION: [Column; 6] = [
    ("id", "/node/id"),
    ("state", "/node/state"),
    ("medicine", "/node/medicine"),
    ("quantity", "/node/quantity"),
    ("dosage", "/node/dosage"),
    ("since", "/node/createdAt"),
];

/// Arguments of `medicines`.
#[derive(Args, Debug)]
pub struct Medicines {
    #[command(flatten)]
    door: Door,
}

/// Arguments of `doctor`.
#[derive(Args, Debug)]
pub struct Doctor {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the patients whom you treat
    #[command(after_help = PATIENTS_EXAMPLES)]
    Patients(Page),
    /// Open a patient whom you treat: identity, records, prescriptions
    #[command(after_help = OPEN_EXAMPLES)]
    Open {
        /// The patient's id
        id: Uuid,
        #[command(flatten)]
        page: Page,
    },
    /// Write, sign and issue a prescription
    #[command(after_help = PRESCRIBE_EXAMPLES)]
    Prescribe(Prescribe),
}

#[derive(Args, Debug)]
struct Prescribe {
    /// The patient's id
    patient: Uuid,
    /// The medicine's code: see `medicrypt medicines`
    #[arg(long, value_name = "CODE")]
    medicine: String,
    /// Units in all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    quantity: u32,
    /// How to take it
    #[arg(long, value_name = "TEXT")]
    dosage: String,
    /// Days that it can be dispensed
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=365))]
    valid_days: u16,
    /// Your private key [default: that of the login]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Sign without asking
    #[arg(long)]
    yes: bool,
}

/// What can be prescribed.
pub(super) fn medicines(args: &Medicines, file: Option<&Path>) -> Result<()> {
    let client = args.door.enter(file)?;
    let columns = [
        ("code", "/code"),
        ("name", "/name"),
        ("strength", "/strength"),
        ("form", "/form"),
        ("price in cents", "/priceCents"),
    ];
    client.output.table(&catalogue(&client)?, &columns)
}

/// Runs a doctor's verb.
pub(super) fn run(args: &Doctor, file: Option<&Path>) -> Result<()> {
    let client = args.door.enter(file)?;
    match &args.verb {
        Verb::Patients(page) => patients(&client, page),
        Verb::Open { id, page } => open(&client, *id, page),
        Verb::Prescribe(form) => prescribe(&client, form),
    }
}

fn patients(client: &Client, page: &Page) -> Result<()> {
    let document = "query($page: Page!) { treatedPatients(page: $page) {
        edges { node { id mrn given family sex birthDate } } pageInfo { hasNextPage endCursor } } }";
    let data = client.ask(document, &json!({ "page": page.variable() }))?;
    let columns = [
        ("id", "/node/id"),
        ("number", "/node/mrn"),
        ("given", "/node/given"),
        ("family", "/node/family"),
        ("sex", "/node/sex"),
        ("born", "/node/birthDate"),
    ];
    client.output.table(&data["treatedPatients"]["edges"], &columns)?;
    Page::more(&data["treatedPatients"]);
    Ok(())
}

fn open(client: &Client, id: Uuid, page: &Page) -> Result<()> {
    let document = "query($id: UUID!, $page: Page!) { patient(id: $id) {
        identity { id mrn given family sex birthDate }
        records(page: $page) { edges { node { id recordedAt kind title code cause notes start end department } }
            pageInfo { hasNextPage endCursor } }
        prescriptions(page: $page) { edges { node { id state medicine quantity dosage createdAt expiresAt } }
            pageInfo { hasNextPage endCursor } } } }";
    let data = client.ask(document, &json!({ "id": id, "page": page.variable() }))?;
    let (patient, output) = (&data["patient"], client.output);
    if output.json {
        return output.data(patient);
    }
    let identity = [
        ("id", "/id"),
        ("number", "/mrn"),
        ("given", "/given"),
        ("family", "/family"),
        ("sex", "/sex"),
        ("born", "/birthDate"),
    ];
    output.fields(&patient["identity"], &identity)?;
    output.heading("Records")?;
    output.table(&patient["records"]["edges"], &RECORD)?;
    output.heading("Prescriptions")?;
    output.table(&patient["prescriptions"]["edges"], &PRESCRIPTION)?;
    Page::more(&patient["records"]);
    Ok(())
}

fn prescribe(client: &Client, form: &Prescribe) -> Result<()> {
    let key = client.key(form.key.as_ref())?;
    let medicine = medicine(client, &form.medicine)?;
    let document = "mutation($input: DraftPrescriptionInput!) { draftPrescription(input: $input) {
        id patientId prescriberId keyId issuedAt expiresAt nonce } }";
    let asked =
        json!({ "patientId": form.patient, "validDays": form.valid_days, "idempotencyKey": fresh_id() });
    let data = client.ask(document, &input(&asked))?;
    let draft = &data["draftPrescription"];
    // What a signature binds is ours: patient, medicine, quantity, dosage, key. The rest is the draft's.
    let prescription = Prescription {
        id: text(draft, "/id")?.to_owned(),
        patient: form.patient.to_string(),
        prescriber: text(draft, "/prescriberId")?.to_owned(),
        key_id: key.id(),
        issued_at: signed_time(text(draft, "/issuedAt")?)?,
        expires_at: signed_time(text(draft, "/expiresAt")?)?,
        nonce: text(draft, "/nonce")?.to_owned(),
        medicine,
        quantity: form.quantity,
        dosage: form.dosage.clone(),
    };
    let signature = key.sign_shown(&prescription.text()?, form.yes)?;
    let document = "mutation($input: IssuePrescriptionInput!) { issuePrescription(input: $input) {
        id state medicine quantity dosage expiresAt signedText signature } }";
    let signed = json!({
        "id": prescription.id,
        "medicineCode": prescription.medicine.code,
        "quantity": prescription.quantity,
        "dosage": prescription.dosage,
        "signature": signature,
    });
    let data = client.ask(document, &input(&signed))?;
    let columns = [
        ("prescription", "/id"),
        ("state", "/state"),
        ("medicine", "/medicine"),
        ("quantity", "/quantity"),
        ("dosage", "/dosage"),
        ("expires", "/expiresAt"),
    ];
    client.output.fields(&data["issuePrescription"], &columns)
}

/// The medicine in the catalogue's own words, as the text must have them.
fn medicine(client: &Client, code: &str) -> Result<MedicineText> {
    let catalogue = catalogue(client)?;
    let named =
        |medicine: &&Value| medicine["code"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(code));
    let medicine = catalogue.as_array().into_iter().flatten().find(named);
    let medicine =
        medicine.with_context(|| format!("no medicine has the code `{code}`: see `medicrypt medicines`"))?;
    let word = |at: &str| text(medicine, at).map(str::to_owned);
    Ok(MedicineText {
        code: word("/code")?,
        name: word("/name")?,
        strength: word("/strength")?,
        form: word("/form")?,
    })
}

fn catalogue(client: &Client) -> Result<Value> {
    Ok(client.ask("{ medicines { code name strength form priceCents } }", &json!({}))?["medicines"].take())
}

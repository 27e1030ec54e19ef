//! What an administrator may do: accounts, the audit log and its verification, statistics with noise.

use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Client, Door, Page, input};
use crate::cli::{
    exit::FoundWrong,
    output::{Column, say},
};

const USERS_EXAMPLES: &str = "\
Examples:
  medicrypt admin users
  medicrypt admin users --role doctor --json";

const ADD_EXAMPLES: &str = "\
Examples:
  medicrypt admin add-user --role doctor --username asha@doctor.kmc.edu --name 'Asha Rao' --department Cardiology \
    --specialty Interventional --hospital KMC
  medicrypt admin add-user --role pharmacist --username lin@pharmacist.kmc.edu --name 'Lin Das' --pharmacy 'KMC Pharmacy'
  medicrypt admin add-user --role patient --username ravi@patient.kmc.edu --name 'Ravi Iyer' --birth-date 1990-04-01

The one-time code is shown once. Hand it to the user, who brings their own key: `medicrypt enrol --help`.";

const AUDIT_EXAMPLES: &str = "\
Examples:
  medicrypt admin audit
  medicrypt admin audit --outcome denied --first 10
  medicrypt admin audit --role pharmacist --action DISPENSED --json";

const VERIFY_EXAMPLES: &str = "\
Examples:
  medicrypt admin verify-log

Where something is wrong, it is listed and the exit code is 5.";

const MEAN_EXAMPLES: &str = "\
Examples:
  medicrypt admin mean SYSTOLIC --epsilon-milli 200
  medicrypt admin mean HEART_RATE --epsilon-milli 100 --json

The answer carries noise and is charged to the budget; the exact number exists nowhere. See also --kind.";

const ACCOUNT: [Column; 6] = [
    ("id", "/id"),
    ("username", "/username"),
    ("name", "/name"),
    ("role", "/role"),
    ("status", "/status"),
    ("since", "/createdAt"),
];
const ACCOUNT_FIELDS: &str = "id username name role status createdAt";
const INVITED: [Column; 4] = [
    ("id", "/account/id"),
    ("username", "/account/username"),
    ("enrolment code", "/enrolmentCode"),
    ("good until", "/expiresAt"),
];

/// Arguments of `admin`.
#[derive(Args, Debug)]
pub struct Admin {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the accounts
    #[command(after_help = USERS_EXAMPLES)]
    Users {
        /// Only of this role
        #[arg(long, value_enum)]
        role: Option<Role>,
        #[command(flatten)]
        page: Page,
    },
    /// Make an account and print its one-time enrolment code
    #[command(after_help = ADD_EXAMPLES)]
    AddUser(AddUser),
    /// Give an account a new one-time code: its old key and password no longer log in
    #[command(after_help = "Examples:\n  medicrypt admin reenrol 7c9e6679-7425-40de-944b-e07fc1f90ae7")]
    Reenrol {
        /// The account's id
        id: Uuid,
    },
    /// Disable an account; its sessions end at once
    #[command(after_help = "Examples:\n  medicrypt admin disable 7c9e6679-7425-40de-944b-e07fc1f90ae7")]
    Disable {
        /// The account's id
        id: Uuid,
    },
    /// Read the audit log, newest first
    #[command(after_help = AUDIT_EXAMPLES)]
    Audit {
        /// Only of this role
        #[arg(long, value_enum)]
        role: Option<Role>,
        /// Only this action, as DISPENSED
        #[arg(long)]
        action: Option<String>,
        /// Only this outcome
        #[arg(long, value_parser = ["granted", "denied", "done"])]
        outcome: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Verify the audit log and every protected row against it
    #[command(after_help = VERIFY_EXAMPLES)]
    VerifyLog,
    /// Close the open epoch: statistics answer on the last closed one
    #[command(after_help = "Examples:\n  medicrypt admin close-epoch")]
    CloseEpoch,
    /// Ask one statistic, with noise, at a price
    #[command(after_help = MEAN_EXAMPLES)]
    Mean(Mean),
}

#[derive(Args, Debug)]
struct AddUser {
    /// What the account may do
    #[arg(long, value_enum)]
    role: Role,
    /// What its user logs in by
    #[arg(long)]
    username: String,
    /// The person's name
    #[arg(long)]
    name: String,
    /// Department, of doctors and admins
    #[arg(long)]
    department: Option<String>,
    /// Specialty, of doctors
    #[arg(long)]
    specialty: Option<String>,
    /// Hospital, of doctors
    #[arg(long)]
    hospital: Option<String>,
    /// Pharmacy, of pharmacists
    #[arg(long)]
    pharmacy: Option<String>,
    /// Licence number, of pharmacists
    #[arg(long)]
    licence: Option<String>,
    /// Birth date, of patients: a record is opened for them
    #[arg(long, value_name = "DATE")]
    birth_date: Option<String>,
    /// FHIR administrative gender, of patients
    #[arg(long, value_parser = ["male", "female", "other", "unknown"])]
    sex: Option<String>,
}

#[derive(Args, Debug)]
struct Mean {
    /// Of what
    #[arg(value_parser = [
        "HEART_RATE", "SYSTOLIC", "DIASTOLIC", "WEIGHT", "HEIGHT", "TEMPERATURE", "OXYGEN_SATURATION", "RESPIRATORY_RATE", "AGE",
    ], ignore_case = true)]
    metric: String,
    /// The price, in thousandths of epsilon: more buys less noise
    #[arg(long, value_name = "N")]
    epsilon_milli: u32,
    /// Which number
    #[arg(long, default_value = "mean", value_parser = ["mean", "sum", "count"])]
    kind: String,
}

/// The roles as the API has them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    Admin,
    Doctor,
    Patient,
    Pharmacist,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::Doctor => "DOCTOR",
            Self::Patient => "PATIENT",
            Self::Pharmacist => "PHARMACIST",
        }
    }
}

/// Runs an administrator's verb.
pub(super) fn run(args: &Admin, file: Option<&Path>) -> Result<()> {
    let client = args.door.enter(file)?;
    match &args.verb {
        Verb::Users { role, page } => users(&client, *role, page),
        Verb::AddUser(form) => add_user(&client, form),
        Verb::Reenrol { id } => account(&client, "reissueEnrolmentCode", *id),
        Verb::Disable { id } => account(&client, "disableUser", *id),
        Verb::Audit { role, action, outcome, page } => {
            let filter = json!({
                "role": role.map(Role::name),
                "action": action,
                "outcome": outcome.as_ref().map(|outcome| outcome.to_uppercase()),
            });
            audit(&client, &filter, page)
        }
        Verb::VerifyLog => verify_log(&client),
        Verb::CloseEpoch => {
            let data = client.ask("mutation { closeEpoch { number } }", &json!({}))?;
            client.output.fields(&data["closeEpoch"], &[("closed epoch", "/number")])
        }
        Verb::Mean(question) => mean(&client, question),
    }
}

fn users(client: &Client, role: Option<Role>, page: &Page) -> Result<()> {
    let document = format!(
        "query($page: Page!, $role: Role) {{ users(page: $page, role: $role) {{
            edges {{ node {{ {ACCOUNT_FIELDS} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    );
    let data = client.ask(&document, &json!({ "page": page.variable(), "role": role.map(Role::name) }))?;
    let columns = ACCOUNT.map(|(heading, at)| (heading, ["/node", at].concat()));
    let columns: Vec<Column> = columns.iter().map(|(heading, at)| (*heading, at.as_str())).collect();
    client.output.table(&data["users"]["edges"], &columns)?;
    Page::more(&data["users"]);
    Ok(())
}

fn add_user(client: &Client, form: &AddUser) -> Result<()> {
    let document = "mutation($input: CreateUserInput!) { createUser(input: $input) {
        account { id username role status } enrolmentCode expiresAt } }";
    let fields = json!({
        "role": form.role.name(),
        "username": form.username,
        "name": form.name,
        "department": form.department,
        "specialty": form.specialty,
        "hospital": form.hospital,
        "pharmacy": form.pharmacy,
        "licence": form.licence,
        "birthDate": form.birth_date,
        "sex": form.sex,
    });
    let data = client.ask(document, &input(&fields))?;
    client.output.fields(&data["createUser"], &INVITED)
}

/// A change of one account.
fn account(client: &Client, mutation: &str, id: Uuid) -> Result<()> {
    let invites = mutation == "reissueEnrolmentCode";
    let answer = if invites {
        format!("account {{ {ACCOUNT_FIELDS} }} enrolmentCode expiresAt")
    } else {
        ACCOUNT_FIELDS.to_owned()
    };
    let document = format!("mutation($input: AccountInput!) {{ {mutation}(input: $input) {{ {answer} }} }}");
    let data = client.ask(&document, &input(&json!({ "accountId": id })))?;
    client.output.fields(&data[mutation], if invites { &INVITED } else { &ACCOUNT })
}

fn audit(client: &Client, filter: &Value, page: &Page) -> Result<()> {
    let document = "query($page: Page!, $filter: AuditFilter!) { auditLog(page: $page, filter: $filter) {
        edges { node { index at accountId role action purpose outcome breakGlass patientId details { name value } hash } }
        pageInfo { hasNextPage endCursor } } }";
    let data = client.ask(document, &json!({ "page": page.variable(), "filter": filter }))?;
    let columns = [
        ("entry", "/node/index"),
        ("at", "/node/at"),
        ("role", "/node/role"),
        ("account", "/node/accountId"),
        ("action", "/node/action"),
        ("outcome", "/node/outcome"),
        ("patient", "/node/patientId"),
    ];
    client.output.table(&data["auditLog"]["edges"], &columns)?;
    Page::more(&data["auditLog"]);
    Ok(())
}

fn verify_log(client: &Client) -> Result<()> {
    let document =
        "{ verifyAuditLog { holds entries firstBadIndex fault root rowFaults { table row kind } } }";
    let data = client.ask(document, &json!({}))?;
    let verdict = &data["verifyAuditLog"];
    let mut fields = vec![("holds", "/holds"), ("entries", "/entries"), ("root", "/root")];
    if !verdict["firstBadIndex"].is_null() {
        fields.extend([("first bad entry", "/firstBadIndex"), ("fault", "/fault")]);
    }
    client.output.fields(verdict, &fields)?;
    if verdict["holds"] == Value::Bool(true) {
        return Ok(());
    }
    if !client.output.json {
        client
            .output
            .table(&verdict["rowFaults"], &[("table", "/table"), ("row", "/row"), ("kind", "/kind")])?;
    }
    Err(FoundWrong("the audit log or a row that it covers was changed".to_owned()).into())
}

fn mean(client: &Client, question: &Mean) -> Result<()> {
    let document = "mutation($input: StatisticInput!) { releaseStatistic(input: $input) {
        value low high noisyCount epoch epsilonMilli chargedMilli leftMilli datasetLeftMilli } }";
    let fields = json!({
        "metric": question.metric.to_uppercase(),
        "kind": question.kind.to_uppercase(),
        "epsilonMilli": question.epsilon_milli,
    });
    let data = client.ask(document, &input(&fields))?;
    let answer = &data["releaseStatistic"];
    let fields = [
        (question.kind.as_str(), "/value"),
        ("95 % from", "/low"),
        ("95 % to", "/high"),
        ("patients, with noise", "/noisyCount"),
        ("epoch", "/epoch"),
        ("charged, epsilon/1000", "/chargedMilli"),
        ("left of yours", "/leftMilli"),
        ("left of all", "/datasetLeftMilli"),
    ];
    client.output.fields(answer, &fields)?;
    if answer["chargedMilli"] == json!(0) {
        say("asked before in this epoch: the stored answer, free");
    }
    Ok(())
}

//! `user`: accounts from the host. The first ones are made here; an admin makes the others through the API.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand, ValueEnum};
use entity::UserStatus;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    host::{Here, block_on},
    output::{Column, Output},
};
use crate::{
    clinic::{ClinicError, admit::Admission},
    graph::nouns::time,
    identity::{
        self, AdminDetails, DoctorDetails, Invitation, NewUser, PatientDetails, PersonName,
        PharmacistDetails, Profile, UserFilter, Username,
    },
    ledger::{By, Draft, Outcome},
    vault::payload::Demographics,
    world::World,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  medicrypt user add --role admin --username mihir@admin.kmc.edu --name 'Mihir Sahay' --department Records
  medicrypt user list
  medicrypt user reenrol omkar@doctor.kmc.edu
  medicrypt user disable omkar@doctor.kmc.edu";

const ADD_EXAMPLES: &str = "\
Examples:
  medicrypt user add --role admin --username mihir@admin.kmc.edu --name 'Mihir Sahay' --department Records
  medicrypt user add --role doctor --username omkar@doctor.kmc.edu --name 'Omkar Nayak' --department Cardiology \
    --specialty Interventional --hospital KMC
  medicrypt user add --role pharmacist --username sushmita@pharmacist.kmc.edu --name 'Sushmita Sen' \
    --pharmacy 'KMC Pharmacy' --licence PHKMC001
  medicrypt user add --role patient --username harsh@patient.kmc.edu --name 'Harsh Singh' --birth-date 1998-02-11 --sex male

The one-time code is shown once. Hand it to the user, who brings their own key: `medicrypt enrol --help`.";

const ACCOUNT: [Column; 6] = [
    ("id", "/id"),
    ("username", "/username"),
    ("name", "/name"),
    ("role", "/role"),
    ("status", "/status"),
    ("since", "/createdAt"),
];
const INVITED: [Column; 4] = [
    ("id", "/id"),
    ("username", "/username"),
    ("enrolment code", "/enrolmentCode"),
    ("good until", "/expiresAt"),
];

/// Users of one page.
const PAGE: u64 = 500;

/// Arguments of `user`.
#[derive(Args, Debug)]
pub(super) struct User {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    here: Here,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make an account and print its one-time enrolment code
    #[command(after_help = ADD_EXAMPLES)]
    Add(Box<Add>),
    /// List the accounts
    #[command(after_help = "Examples:\n  medicrypt user list\n  medicrypt user list --json")]
    List,
    /// Give a new one-time code: the old key and password no longer log in
    #[command(after_help = "Examples:\n  medicrypt user reenrol omkar@doctor.kmc.edu")]
    Reenrol {
        /// Who
        username: String,
    },
    /// Disable an account; its sessions end at once
    #[command(after_help = "Examples:\n  medicrypt user disable omkar@doctor.kmc.edu")]
    Disable {
        /// Who
        username: String,
    },
}

#[derive(Args, Debug)]
struct Add {
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
    #[arg(long, required_if_eq_any = [("role", "admin"), ("role", "doctor")])]
    department: Option<String>,
    /// Specialty, of doctors
    #[arg(long, required_if_eq("role", "doctor"))]
    specialty: Option<String>,
    /// Hospital, of doctors
    #[arg(long, required_if_eq("role", "doctor"))]
    hospital: Option<String>,
    /// Pharmacy, of pharmacists
    #[arg(long, required_if_eq("role", "pharmacist"))]
    pharmacy: Option<String>,
    /// Licence number, of pharmacists
    #[arg(long, required_if_eq("role", "pharmacist"))]
    licence: Option<String>,
    /// Id of a patient who is there already, as an import made them; otherwise a record is opened
    #[arg(long, value_name = "ID", conflicts_with_all = ["birth_date", "sex"])]
    patient: Option<Uuid>,
    /// Birth date, of patients
    #[arg(long, value_name = "DATE")]
    birth_date: Option<String>,
    /// FHIR administrative gender, of patients
    #[arg(long, value_parser = ["male", "female", "other", "unknown"])]
    sex: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    Admin,
    Doctor,
    Patient,
    Pharmacist,
}

/// Runs one of them.
pub(super) fn run(args: &User, file: Option<&Path>) -> Result<()> {
    let output = args.here.output;
    block_on(async {
        let world = match &args.verb {
            Verb::Add(_) => args.here.open_or_found(file).await?,
            _ => args.here.open(file).await?,
        };
        match &args.verb {
            Verb::Add(form) => add(&world, form, output).await?,
            Verb::List => {
                let users: Vec<_> = all(&world).await?.iter().map(shown).collect();
                output.table(&users.into(), &ACCOUNT)?;
            }
            Verb::Reenrol { username } => {
                let id = find(&world, username).await?.id;
                let invitation = invite(&world, id).await?;
                output.fields(&invited(id, username, None, &invitation), &INVITED)?;
            }
            Verb::Disable { username } => {
                let id = find(&world, username).await?.id;
                disable(&world, id).await?;
                output.fields(&shown(&world.identity.user(id).await?), &ACCOUNT)?;
            }
        }
        Ok(world.close().await?)
    })
}

/// Somebody who must be there.
pub(super) async fn find(world: &World, username: &str) -> Result<identity::User> {
    let found = world.identity.find_user(&Username::parse(username)?).await?;
    found.with_context(|| format!("there is no user `{username}`"))
}

/// Everybody, oldest first.
pub(super) async fn all(world: &World) -> Result<Vec<identity::User>> {
    let mut users: Vec<identity::User> = Vec::new();
    loop {
        let after = users.last().map(|last| (last.created_ms, last.id));
        let page = world.identity.list_users(UserFilter { after, ..UserFilter::default() }, PAGE).await?;
        if page.is_empty() {
            return Ok(users);
        }
        users.extend(page);
    }
}

/// Makes an account, and the patient it is of if there is one to be admitted.
pub(super) async fn create(
    world: &World,
    user: NewUser,
    admission: Option<Admission>,
) -> Result<(Uuid, Invitation)> {
    let rooms = world.clone();
    let made = world.write("create user", move |tx| {
        let (rooms, user, admission) = (rooms.clone(), user.clone(), admission.clone());
        Box::pin(async move {
            if let Some(admission) = &admission {
                rooms.clinic.admit(tx, admission).await?;
            }
            let id = rooms.identity.create(tx, &user).await?;
            let invitation = rooms.identity.invite(tx, id).await?;
            tx.append(Draft::new(By::System, "USER_CREATED", Outcome::Done).with("account", id));
            Ok::<_, ClinicError>((id, invitation))
        })
    });
    Ok(made.await?.value)
}

async fn add(world: &World, form: &Add, output: Output) -> Result<()> {
    let (profile, admission) = profile(world, form).await?;
    let user = NewUser {
        id: None,
        username: Username::parse(&form.username)?,
        name: PersonName::parse(&form.name)?,
        profile,
        imported: false,
    };
    let patient = admission.as_ref().map(Admission::patient).or(form.patient);
    let (id, invitation) = create(world, user, admission).await?;
    let mut fields = INVITED.to_vec();
    fields.extend(patient.map(|_| ("patient", "/patientId")));
    output.fields(&invited(id, &form.username, patient, &invitation), &fields)
}

/// Gives a new one-time code.
pub(super) async fn invite(world: &World, id: Uuid) -> Result<Invitation> {
    let rooms = world.clone();
    let invited = world.write("re-enrol user", move |tx| {
        let rooms = rooms.clone();
        Box::pin(async move {
            let invitation = rooms.identity.invite(tx, id).await?;
            tx.append(Draft::new(By::System, "USER_REENROLLED", Outcome::Done).with("account", id));
            Ok::<_, ClinicError>(invitation)
        })
    });
    Ok(invited.await?.value)
}

async fn disable(world: &World, id: Uuid) -> Result<()> {
    let rooms = world.clone();
    let disabled = world.write("disable user", move |tx| {
        let rooms = rooms.clone();
        Box::pin(async move {
            rooms.identity.disable(tx, id).await?;
            tx.append(Draft::new(By::System, "USER_DISABLED", Outcome::Done).with("account", id));
            Ok::<_, ClinicError>(())
        })
    });
    disabled.await?;
    Ok(())
}

async fn profile(world: &World, form: &Add) -> Result<(Profile, Option<Admission>)> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    Ok(match (form.role, form.patient) {
        (Role::Admin, _) => (Profile::Admin(AdminDetails { department: text(&form.department) }), None),
        (Role::Doctor, _) => {
            let (department, specialty) = (text(&form.department), text(&form.specialty));
            (Profile::Doctor(DoctorDetails { department, specialty, hospital: text(&form.hospital) }), None)
        }
        (Role::Pharmacist, _) => {
            let details = PharmacistDetails { pharmacy: text(&form.pharmacy), licence: text(&form.licence) };
            (Profile::Pharmacist(details), None)
        }
        (Role::Patient, Some(patient)) => (of_patient(world, patient).await?, None),
        (Role::Patient, None) => {
            let admission = world.clinic.prepare_admission(demographics(form)).await?;
            (admission.profile(), Some(admission))
        }
    })
}

/// The profile of an account for a patient who is there.
pub(super) async fn of_patient(world: &World, patient: Uuid) -> Result<Profile> {
    let row = world.clinic.patient(patient).await?;
    row.with_context(|| format!("there is no patient `{patient}`"))?;
    let key = Arc::new(world.keyring.patient(patient).await?);
    Ok(Profile::Patient(key, PatientDetails { self_registered: false }))
}

/// The given names are what stands before the last space.
fn demographics(form: &Add) -> Demographics {
    let (given, family) = form.name.trim().rsplit_once(' ').unwrap_or((form.name.trim(), ""));
    Demographics {
        mrn: None,
        given: given.to_owned(),
        family: family.to_owned(),
        sex: form.sex.clone(),
        birth_date: form.birth_date.clone(),
        phone: None,
        deceased: false,
        smoking_status: None,
    }
}

fn invited(id: Uuid, username: &str, patient: Option<Uuid>, invitation: &Invitation) -> Value {
    json!({
        "id": id,
        "username": username,
        "patientId": patient,
        "enrolmentCode": invitation.code.expose_secret(),
        "expiresAt": time(invitation.expires_ms),
    })
}

fn shown(user: &identity::User) -> Value {
    json!({
        "id": user.id,
        "username": user.username.as_str(),
        "name": user.name.as_str(),
        "role": format!("{:?}", user.role).to_uppercase(),
        "status": match user.status {
            UserStatus::Invited => "INVITED",
            UserStatus::Active => "ACTIVE",
            UserStatus::Disabled => "DISABLED",
        },
        "createdAt": time(user.created_ms),
    })
}

//! `care`: who treats whom. Without a relation a doctor opens nobody.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use entity::Role;
use serde_json::json;
use uuid::Uuid;

use super::{
    host::{Here, block_on},
    user,
};
use crate::{
    clinic::ClinicError,
    ledger::{By, Draft, Outcome},
    world::World,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  medicrypt care add --doctor omkar@doctor.kmc.edu --patient 7c9e6679-7425-40de-944b-e07fc1f90ae7";

/// Arguments of `care`.
#[derive(Args, Debug)]
pub(super) struct Care {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    here: Here,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say that a doctor treats a patient from now on
    #[command(after_help = EXAMPLES)]
    Add {
        /// The doctor's user name
        #[arg(long, value_name = "USERNAME")]
        doctor: String,
        /// The patient's id
        #[arg(long, value_name = "ID")]
        patient: Uuid,
    },
}

/// Runs it.
pub(super) fn run(args: &Care, file: Option<&Path>) -> Result<()> {
    let Verb::Add { doctor, patient } = &args.verb;
    block_on(async {
        let world = args.here.open(file).await?;
        let account = user::find(&world, doctor).await?;
        anyhow::ensure!(account.role == Role::Doctor, "`{doctor}` is no doctor");
        world.clinic.patient(*patient).await?.with_context(|| format!("there is no patient `{patient}`"))?;
        relate(&world, account.id, *patient).await?;
        let made = json!({ "doctor": account.id, "patient": patient });
        args.here.output.fields(&made, &[("doctor", "/doctor"), ("patient", "/patient")])?;
        Ok(world.close().await?)
    })
}

/// Writes the relation, with an entry that the patient finds in their access log.
pub(super) async fn relate(world: &World, account: Uuid, patient: Uuid) -> Result<()> {
    let key = Arc::new(world.keyring.patient(patient).await?);
    let rooms = world.clone();
    let write = world.write("relate", move |tx| {
        let (rooms, key) = (rooms.clone(), key.clone());
        Box::pin(async move {
            rooms.clinic.relate(tx, patient, account).await?;
            tx.append(
                Draft::new(By::System, "CARE_ADDED", Outcome::Done).of(key, "TREAT").with("account", account),
            );
            Ok::<_, ClinicError>(())
        })
    });
    write.await?;
    Ok(())
}

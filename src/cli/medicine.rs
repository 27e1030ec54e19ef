//! `medicine`: the catalogue of what can be prescribed.

use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use super::host::{Here, block_on};
use crate::{
    clinic::{self, ClinicError},
    ledger::{By, Draft, Outcome},
    vault::payload::MedicineBody,
    world::World,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  medicrypt medicine add --code ATOR20 --name Atorvastatin --strength '20 mg' --form tablet --price-cents 3000
  medicrypt medicine list";

/// Arguments of `medicine`.
#[derive(Args, Debug)]
pub(super) struct Medicine {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    here: Here,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a medicine
    #[command(after_help = EXAMPLES)]
    Add(Add),
    /// List what can be prescribed
    #[command(after_help = "Examples:\n  medicrypt medicine list\n  medicrypt medicine list --json")]
    List,
}

#[derive(Args, Debug)]
struct Add {
    /// Code in this hospital; upper and lower case are one
    #[arg(long)]
    code: String,
    /// Name
    #[arg(long)]
    name: String,
    /// Strength, as `500 mg`
    #[arg(long)]
    strength: String,
    /// Form, as `tablet`
    #[arg(long)]
    form: String,
    /// Price of a unit, in hundredths of the hospital's currency
    #[arg(long, value_name = "N")]
    price_cents: Option<i64>,
}

/// Runs one of them.
pub(super) fn run(args: &Medicine, file: Option<&Path>) -> Result<()> {
    block_on(async {
        let world = match &args.verb {
            Verb::Add(form) => {
                let world = args.here.open_or_found(file).await?;
                let medicine = MedicineBody {
                    code: form.code.trim().to_owned(),
                    name: form.name.trim().to_owned(),
                    strength: form.strength.trim().to_owned(),
                    form: form.form.trim().to_owned(),
                    price_cents: form.price_cents,
                };
                add(&world, &[medicine]).await?;
                world
            }
            Verb::List => args.here.open(file).await?,
        };
        let catalogue: Vec<_> = world
            .clinic
            .medicines()
            .await?
            .iter()
            .map(|of| json!({ "code": of.code, "name": of.name, "strength": of.strength, "form": of.form, "priceCents": of.price_cents }))
            .collect();
        let columns = [
            ("code", "/code"),
            ("name", "/name"),
            ("strength", "/strength"),
            ("form", "/form"),
            ("price in cents", "/priceCents"),
        ];
        args.here.output.table(&catalogue.into(), &columns)?;
        Ok(world.close().await?)
    })
}

/// Adds medicines; those whose code is there stay as they are.
pub(super) async fn add(world: &World, medicines: &[MedicineBody]) -> Result<()> {
    let codes: Vec<&str> = medicines.iter().map(|medicine| medicine.code.as_str()).collect();
    let known = clinic::medicine::known(world.store.read(), &world.keyring, &codes).await?;
    let mut rows = Vec::new();
    for (medicine, known) in medicines.iter().zip(known) {
        if !known {
            rows.push(clinic::medicine::row(&world.keyring, world.keyring.around().uuid(), medicine, false)?);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let write = world.write("add medicines", move |tx| {
        let rows = rows.clone();
        Box::pin(async move {
            let added = rows.len();
            tx.insert_all(rows).await?;
            tx.append(Draft::new(By::System, "MEDICINES_ADDED", Outcome::Done).with("medicines", added));
            Ok::<_, ClinicError>(())
        })
    });
    write.await?;
    Ok(())
}

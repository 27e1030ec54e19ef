//! One row in every protected table, made from the entities' own description: a table that is added is tested too.
//!
//! A file that wants them says `#[path = "support/filled.rs"] mod filled;` beside `mod support;`.
#![allow(dead_code, reason = "not every test file uses every helper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../../entity/tests/sample/mod.rs"]
mod sample;

use entity::Protected;
use medicrypt::ledger::{By, Draft, Ledger, LedgerError, Outcome};
use sea_orm::{
    ActiveModelTrait, EntityTrait, IdenStatic as _, Iterable as _, ModelTrait as _, TryIntoModel, Value,
    sea_query::ArrayType,
};
use uuid::Uuid;

use crate::support::Rooms;

/// The id of all rows of a seed; the rows refer to each other by it.
pub(crate) fn id(seed: u8) -> Uuid {
    Uuid::from_u128(seed.into())
}

/// A row whose every column depends on the seed.
pub(crate) fn row<E>(seed: u8) -> E::Model
where
    E: EntityTrait<Model: Protected>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + TryIntoModel<E::Model>,
{
    let mut row = sample::row::<E>(seed);
    row.set_version(1);
    row
}

/// A protected table, and its columns with the values that the row of a seed has there.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<(&'static str, Value)>,
}

/// All of them.
pub(crate) fn tables(seed: u8) -> Vec<Table> {
    fn table<E>(seed: u8) -> Table
    where
        E: EntityTrait<Model: Protected>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + TryIntoModel<E::Model>,
    {
        let row = row::<E>(seed);
        let columns = E::Column::iter().map(|column| (column.as_str(), row.get(column))).collect();
        Table { name: E::Model::TABLE, columns }
    }
    macro_rules! each {
        ($($table:ident)*) => { vec![$(table::<entity::$table::Entity>(seed)),*] };
    }
    entity::for_each_protected!(each)
}

/// Writes the row of a seed into every protected table.
pub(crate) async fn fill(ledger: &Ledger, seed: u8) {
    let filled = ledger.write("fill", move |tx| {
        Box::pin(async move {
            // Others refer to it that come before it in the list.
            tx.insert(row::<entity::patient::Entity>(seed)).await?;
            macro_rules! each {
                ($($table:ident)*) => {
                    $(if stringify!($table) != "patient" {
                        tx.insert(row::<entity::$table::Entity>(seed)).await?;
                    })*
                };
            }
            entity::for_each_protected!(each);
            tx.append(Draft::new(By::System, "FILLED", Outcome::Done));
            Ok::<_, LedgerError>(())
        })
    });
    filled.await.unwrap();
}

/// Writes the next version of all rows of a seed, with the content (but the references) of another.
pub(crate) async fn change(rooms: &Rooms, seed: u8, other: u8) {
    macro_rules! each {
        ($($table:ident)*) => {$({
            let row = entity::$table::Entity::find_by_id(id(seed)).one(rooms.store.read()).await.unwrap().unwrap();
            let row = rooms.keyring.check(row).unwrap();
            let changed = rooms.ledger.write("change", move |tx| {
                let row = row.clone();
                Box::pin(async move {
                    tx.update(&row, |row| take::<entity::$table::Entity>(row, other)).await?;
                    tx.append(Draft::new(By::System, "CHANGED", Outcome::Done));
                    Ok::<_, LedgerError>(())
                })
            });
            changed.await.unwrap();
        })*};
    }
    entity::for_each_protected!(each);
}

fn take<E>(row: &mut E::Model, seed: u8)
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelTrait<Entity = E> + TryIntoModel<E::Model>,
{
    let other = sample::row::<E>(seed);
    for column in E::Column::iter() {
        let refers = E::Model::get_value_type(column) == ArrayType::Uuid;
        if !refers && column.as_str() != "version" && column.as_str() != "tag" {
            row.set(column, other.get(column));
        }
    }
}

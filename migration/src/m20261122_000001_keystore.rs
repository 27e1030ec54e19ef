//! The key store: versions of the master secret, and the keys wrapped under them.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, blob, pk_uuid, text},
};

use crate::words::{create, drop, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, tables(), vec![]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, tables()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "master_version",
            [
                big_integer("version").primary_key().take(),
                blob("salt"),
                big_integer("rounds"),
                blob("check_value"),
            ],
            &[],
        ),
        table(
            "system_key",
            [text("name").primary_key().take(), big_integer("kek_version"), blob("wrapped")],
            &[],
        ),
        table(
            "patient_key",
            [pk_uuid("patient_id"), big_integer("generation"), big_integer("kek_version"), blob("wrapped")],
            &[],
        ),
    ]
}

//! The ledger: leaves, the way from a row to its latest leaf, signed tree heads.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, blob, blob_null, blob_uniq, boolean, integer, text, text_null, uuid},
};

use crate::words::{create, drop, index, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, tables(), indexes()).await
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
            "ledger",
            [
                big_integer("idx").primary_key().take(),
                integer("leaf_version"),
                big_integer("time_ms"),
                uuid("installation"),
                blob("actor"),
                text_null("role"),
                text("action"),
                blob_null("subject_tag").unique_key().take(),
                text("purpose"),
                boolean("break_glass"),
                text("outcome"),
                blob_null("row_tag"),
                blob("details"),
                blob_uniq("prev_hash"),
                blob_uniq("hash"),
                blob("mac"),
            ],
            &[],
        ),
        table(
            "ledger_row",
            [blob("row_key").primary_key().take(), blob("row_tag"), big_integer("idx"), integer("position")],
            &[("idx", "ledger", "idx")],
        ),
        table(
            "checkpoint",
            [
                big_integer("number").primary_key().take(),
                big_integer("tree_size"),
                blob("root"),
                blob("frontier"),
                text("note"),
                big_integer("created_ms"),
            ],
            &[],
        ),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![index("ledger_row", &["idx"])]
}

//! Statistics: the privacy budget, what was released, the encrypted sums and their epochs.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_integer_null, big_integer_uniq, blob, blob_null, blob_uniq, string_len, text, uuid,
    },
};

use crate::words::{create, drop, protected};

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
        protected(
            "budget",
            [blob_uniq("scope_tag"), big_integer("spent_milli"), big_integer("limit_milli"), text("period")],
            &[],
        ),
        protected(
            "release",
            [
                blob_uniq("question_tag"),
                big_integer("epoch"),
                string_len("status", 32),
                uuid("analyst_id"),
                big_integer("epsilon_milli"),
                blob("parameters"),
                blob_null("answer"),
                big_integer("created_ms"),
            ],
            &[],
        ),
        protected("statistic_sum", [blob_uniq("label_tag"), big_integer("epoch"), blob("value")], &[]),
        protected(
            "epoch",
            [big_integer_uniq("number"), big_integer("opened_ms"), big_integer_null("closed_ms")],
            &[],
        ),
    ]
}

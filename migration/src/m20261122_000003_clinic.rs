//! What is recorded about patients, and the encrypted index to find it by.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, blob, blob_null, blob_uniq, boolean, integer, string_len, text, uuid, uuid_null},
    sea_orm::DbBackend,
};

use crate::words::{create, drop, index, protected, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, tables(manager.get_database_backend()), indexes()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, tables(manager.get_database_backend())).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn tables(backend: DbBackend) -> Vec<TableCreateStatement> {
    vec![
        protected(
            "medical_record",
            [
                uuid("patient_id"),
                uuid_null("encounter_id"),
                uuid_null("author_id"),
                blob("header"),
                blob("body"),
                big_integer("recorded_ms"),
                string_len("status", 32),
            ],
            &[("patient_id", "patient", "id")],
        ),
        protected(
            "vital",
            [
                uuid("patient_id"),
                uuid_null("record_id"),
                text("metric"),
                big_integer("effective_ms"),
                big_integer("recorded_ms"),
                big_integer("epoch"),
                blob("value"),
                blob("ciphertext"),
                integer("layout"),
                blob("key_fingerprint"),
                string_len("status", 32),
            ],
            &[("patient_id", "patient", "id")],
        ),
        protected("medicine", [blob_uniq("code_tag"), blob("body"), boolean("historical")], &[]),
        protected(
            "prescription",
            [
                uuid("patient_id"),
                uuid("prescriber_id"),
                string_len("status", 32),
                blob("header"),
                blob("body"),
                blob("progress"),
                blob_null("text_tag").unique_key().take(),
                big_integer("created_ms"),
                big_integer("expires_ms"),
            ],
            &[("patient_id", "patient", "id"), ("prescriber_id", "account", "id")],
        ),
        protected(
            "dispensing",
            [
                uuid("prescription_id"),
                uuid("pharmacist_id"),
                blob("body"),
                blob_uniq("text_tag"),
                big_integer("created_ms"),
            ],
            &[("prescription_id", "prescription", "id"), ("pharmacist_id", "account", "id")],
        ),
        search_posting(backend),
        protected("search_word", [blob_uniq("word_tag"), blob("state")], &[]),
    ]
}

/// On SQLite a row id would keep the order in which postings came, and so tie a word to the time of a visit.
fn search_posting(backend: DbBackend) -> TableCreateStatement {
    let mut table = table("search_posting", [blob("token").primary_key().take(), blob("record")], &[]);
    if backend == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("medical_record", &["patient_id", "recorded_ms", "id"]),
        index("vital", &["metric", "epoch"]),
        index("vital", &["patient_id", "metric", "effective_ms"]),
        index("prescription", &["status", "created_ms", "id"]),
        index("prescription", &["patient_id", "created_ms", "id"]),
        index("prescription", &["prescriber_id"]),
        index("dispensing", &["prescription_id"]),
        index("dispensing", &["pharmacist_id", "created_ms", "id"]),
    ]
}

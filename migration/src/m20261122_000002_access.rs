//! How people get in and stay in: keys, sessions, challenges, codes; and repeated mutations.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, blob, blob_uniq, string_len, uuid},
};

use crate::words::{create, drop, index, protected, table};

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
        protected(
            "signing_key",
            [
                uuid("account_id"),
                blob_uniq("fingerprint"),
                blob("spki"),
                string_len("status", 32),
                big_integer_null("revoked_since"),
                big_integer("created_ms"),
            ],
            &[("account_id", "account", "id")],
        ),
        protected(
            "session",
            [
                uuid("account_id"),
                blob_uniq("token_tag"),
                uuid("signing_key_id"),
                big_integer("created_ms"),
                big_integer("expires_ms"),
                string_len("status", 32),
            ],
            &[("account_id", "account", "id")],
        ),
        protected(
            "challenge",
            [
                blob("account_tag"),
                blob_uniq("challenge_tag"),
                big_integer("expires_ms"),
                string_len("status", 32),
            ],
            &[],
        ),
        protected(
            "enrolment_code",
            [uuid("account_id"), blob_uniq("code_tag"), big_integer("expires_ms"), string_len("status", 32)],
            &[("account_id", "account", "id")],
        ),
        table(
            "backoff",
            [blob("subject_tag").primary_key().take(), big_integer("failures"), big_integer("until_ms")],
            &[],
        ),
        table(
            "idempotency",
            [
                blob("key_tag").primary_key().take(),
                blob("input_tag"),
                uuid("made_id"),
                big_integer("expires_ms"),
            ],
            &[],
        ),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("signing_key", &["account_id"]),
        index("session", &["account_id"]),
        index("enrolment_code", &["account_id"]),
        index("challenge", &["expires_ms"]),
        index("idempotency", &["expires_ms"]),
    ]
}

//! Who there is: the installation, accounts with their profiles, patients, and who cares for whom.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_integer_null, blob, blob_null, blob_uniq, pk_uuid, string_len, text, uuid, uuid_uniq,
    },
};

use crate::words::{create, drop, index, protected, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, tables(), indexes()).await?;
        seed_roles(manager).await
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
        table("role", [string_len("code", 32).primary_key().take(), text("description")], &[]),
        table(
            "installation",
            [pk_uuid("id"), big_integer("created_ms"), text("checkpoint_vkey"), blob("paillier_public")],
            &[],
        ),
        protected(
            "account",
            [
                string_len("role", 32),
                blob_uniq("username_tag"),
                blob("username"),
                blob("name"),
                blob_null("password_hash"),
                string_len("status", 32),
                big_integer("created_ms"),
            ],
            &[("role", "role", "code")],
        ),
        protected(
            "account_attribute",
            [uuid("account_id"), text("key"), blob("value")],
            &[("account_id", "account", "id")],
        ),
        protected("admin_profile", [blob("details")], &[("id", "account", "id")]),
        protected("doctor_profile", [blob("details")], &[("id", "account", "id")]),
        protected("pharmacist_profile", [blob("details")], &[("id", "account", "id")]),
        protected(
            "patient",
            [
                blob_null("source_tag").unique_key().take(),
                big_integer("key_generation"),
                blob("demographics"),
                big_integer("created_ms"),
            ],
            &[],
        ),
        protected(
            "patient_profile",
            [uuid_uniq("patient_id"), blob("details")],
            &[("id", "account", "id"), ("patient_id", "patient", "id")],
        ),
        protected(
            "care_relation",
            [
                uuid("patient_id"),
                uuid("account_id"),
                text("kind"),
                big_integer("since_ms"),
                big_integer_null("until_ms"),
            ],
            &[("patient_id", "patient", "id"), ("account_id", "account", "id")],
        ),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("account_attribute", &["account_id"]),
        index("care_relation", &["patient_id", "account_id", "kind"]).unique().take(),
        index("care_relation", &["account_id"]),
    ]
}

async fn seed_roles(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut roles = Query::insert();
    roles.into_table("role").columns(["code", "description"]);
    for (code, description) in [
        ("ADMIN", "runs the system, without any clinical plaintext"),
        ("DOCTOR", "records visits and prescribes"),
        ("PATIENT", "reads what is kept about them"),
        ("PHARMACIST", "verifies and dispenses prescriptions"),
    ] {
        roles.values_panic([code.into(), description.into()]);
    }
    manager.execute(roles).await
}

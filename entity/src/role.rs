//! The four roles; seeded by the migration, never written after.

use sea_orm::entity::prelude::*;

/// One role.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role")]
pub struct Model {
    /// `ADMIN`, `DOCTOR`, `PATIENT` or `PHARMACIST`: the database's form of [`Role`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// What the role is for, in one line.
    pub description: String,
}

without_relations!();

/// What a person is in the hospital; each role is one folder of verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Runs the system; opens no clinical plaintext.
    Admin,
    /// Records visits and prescribes.
    Doctor,
    /// Reads what is kept about them.
    Patient,
    /// Verifies and dispenses.
    Pharmacist,
}

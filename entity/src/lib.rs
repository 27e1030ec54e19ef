//! The tables, one module each, as sea-orm entities. This crate cannot decrypt, because it has nothing to
//! decrypt with: a sealed column is a [`Sealed`] of an uninhabited [`marker`], and no crypto is among the
//! dependencies.
//!
//! All times are milliseconds UTC (`_ms`), all keyed hashes are bytes (`_tag`), all statuses are enums kept
//! in `UPPER_CASE`. The schema itself is in the migration crate; a test there writes and reads every entity on
//! both databases.
//!
//! To add a table: write its module here, its columns in a new migration, and, if decisions rest on it, name
//! it in [`for_each_protected`].

pub mod marker;
mod protected;
mod sealed;

pub use protected::{PROTECTED, Protected};
pub use sealed::Sealed;

/// What every entity needs and none says anything with: rooms read by key, so no joins are declared, and rows
/// have no hooks.
macro_rules! without_relations {
    () => {
        /// None: rooms read by key.
        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    };
}

// People and how they get in.
pub mod account;
pub mod account_attribute;
pub mod admin_profile;
pub mod backoff;
pub mod challenge;
pub mod doctor_profile;
pub mod enrolment_code;
pub mod installation;
pub mod patient_profile;
pub mod pharmacist_profile;
pub mod role;
pub mod session;
pub mod signing_key;

// Patients and what is recorded about them.
pub mod care_relation;
pub mod dispensing;
pub mod medical_record;
pub mod medicine;
pub mod patient;
pub mod prescription;
pub mod vital;

// Search.
pub mod search_posting;
pub mod search_word;

// The ledger.
pub mod checkpoint;
pub mod ledger;
pub mod ledger_row;

// Statistics.
pub mod budget;
pub mod epoch;
pub mod release;
pub mod statistic_sum;

pub mod idempotency;
pub mod keystore;

pub use account::UserStatus;
pub use challenge::ChallengeStatus;
pub use enrolment_code::CodeStatus;
pub use medical_record::RecordStatus;
pub use prescription::PrescriptionStatus;
pub use release::ReleaseStatus;
pub use role::Role;
pub use session::SessionStatus;
pub use signing_key::KeyStatus;

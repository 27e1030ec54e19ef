//! Who may do what: rules, the desk that decides, and the permit that proves it. The only issuer of permits.
//!
//! The chain of witnesses begins here: a rule grants ([`rule`]), the ledger records ([`Receipt`]), and only then does the
//! desk mint a [`Permit`], without which the vault opens nothing. A denial is recorded too.
//!
//! To add an action: `action!` in the room that performs it, its rules next to the role that may, and `Opens` for what
//! it may see.

mod desk;
mod facts;
mod permit;
pub mod policy;
mod rule;

pub use desk::{AccessError, Ask, Desk};
pub use facts::{FactVersion, Facts};
pub use permit::{Permit, Resource, confirm};
pub use policy::Policy;
pub use rule::{Effect, Rule, allow, forbid};

use entity::Role;

pub use crate::ledger::Receipt;

/// Something that can be permitted. Its types have no values but one, and none at run time.
pub trait Action: Send + Sync + 'static {
    /// As in the ledger and in the schema's `@can(action:)`.
    const NAME: &'static str;
    /// HL7 `PurposeOfUse` of the entry.
    const PURPOSE: &'static str;
    /// The roles that may ever be granted it: what a field's guard asks before anything is loaded.
    const ROLES: &'static [Role];
    /// Whether it shows lists of who is there and no more: a page is then one entry, not one per patient.
    const IDENTITY_ONLY: bool;
    /// What is answered to who may not: whether the thing exists is told to nobody who has no right to know.
    const REFUSAL: Refusal;
}

/// How a refusal is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The role may not.
    Forbidden,
    /// As if it were not there.
    NotFound,
    /// A doctor without a care relation.
    NoCareRelation,
}

/// Which action opens which payload. Written beside the action; the vault asks for it.
#[diagnostic::on_unimplemented(
    message = "a permit to `{Self}` does not open `{P}`",
    note = "only an action for which `Opens<{P}>` is written may see it"
)]
pub trait Opens<P>: Action {}

/// Declares a zero-size action: its name in the ledger and in `@can`, HL7 `PurposeOfUse`, the roles that may ever be granted
/// it, and how a refusal is told. `list` before the name: it shows who is there and no more.
#[macro_export]
macro_rules! action {
    ($(#[$doc:meta])* list $($rest:tt)+) => {
        $crate::action!(@ true, $(#[$doc])* $($rest)+);
    };
    ($(#[$doc:meta])* $name:ident = $($rest:tt)+) => {
        $crate::action!(@ false, $(#[$doc])* $name = $($rest)+);
    };
    (@ $list:literal, $(#[$doc:meta])* $name:ident = $text:literal for $purpose:literal by $($role:ident)|+ else $refusal:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl $crate::access::Action for $name {
            const NAME: &'static str = $text;
            const PURPOSE: &'static str = $purpose;
            const ROLES: &'static [entity::Role] = &[$(entity::Role::$role),+];
            const IDENTITY_ONLY: bool = $list;
            const REFUSAL: $crate::access::Refusal = $crate::access::Refusal::$refusal;
        }
    };
}

//! Who somebody is: accounts, their keys through time, and how they get in and stay in. Makes the [`Actor`], which is
//! all that the rooms above know of a caller.
//!
//! May open: user names, names, attributes, profiles, password hashes. Knows nothing of patients but the id that an
//! account is tied to.
//!
//! Two kinds of verbs. What people do for themselves (log in, enrol, log out, replace a key) is a transaction of its own
//! here, entry and all. What is done to accounts ([create](Identity::create), [invite](Identity::invite),
//! [disable](Identity::disable), [revoke](Identity::revoke), …) is written into the caller's transaction, and the caller
//! appends the entry that stands for it.
//!
//! To add a verb: a file with one `impl Identity`, a sentence in `tests/identity.rs`.

mod account;
mod actor;
mod create_user;
mod error;
mod payload;
mod username;

use std::sync::Arc;

use crate::{
    keyring::{Keyring, Unsealer},
    ledger::Ledger,
    store::Store,
};

pub use account::Account;
pub use actor::Actor;
pub use create_user::{NewUser, Profile};
pub use error::IdentityError;
pub use payload::{AdminDetails, Attribute, DoctorDetails, PatientDetails, PersonName, PharmacistDetails};
pub use username::{NameRefused, Username};

/// What an installation decides about logging in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The server's addresses as clients see them, such as `https://records.example`: a login signed for another one is
    /// refused. Empty: any.
    pub origins: Vec<String>,
    /// How long a session lasts.
    pub session_hours: i64,
    /// What user names of patients who register themselves end in, after the `@`.
    pub patient_domain: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { origins: Vec::new(), session_hours: 12, patient_domain: "patient.example".to_owned() }
    }
}

/// The room. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Identity {
    store: Arc<Store>,
    keyring: Arc<Keyring>,
    unsealer: Unsealer,
    ledger: Ledger,
    settings: Arc<Settings>,
}

impl Identity {
    /// Opens the room.
    ///
    /// # Errors
    /// [`IdentityError::Password`] where the strength's bcrypt cost is out of range.
    #[allow(clippy::unused_async, reason = "milestone")]
    pub async fn new(
        store: Arc<Store>,
        keyring: Arc<Keyring>,
        unsealer: Unsealer,
        ledger: Ledger,
        settings: Settings,
    ) -> Result<Self, IdentityError> {
        Ok(Self { store, keyring, unsealer, ledger, settings: Arc::new(settings) })
    }

    fn now_ms(&self) -> i64 {
        self.keyring.around().now_ms()
    }
}

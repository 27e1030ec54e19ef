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

mod actor;
mod attributes;
mod backoff;
mod challenge;
mod create_user;
mod disable;
mod enrol;
mod error;
mod invite;
mod keys;
mod login;
mod passwords;
mod payload;
mod register;
mod replace_key;
mod revoke;
mod rows;
mod session;
mod token;
mod username;
mod users;

use std::sync::Arc;

use tokio::sync::Mutex;

use self::passwords::Passwords;
use crate::{
    keyring::{Keyring, Unsealer},
    ledger::Ledger,
    store::Store,
};

pub use actor::Actor;
pub use create_user::{NewUser, Profile};
pub use enrol::{EnrolInput, Enrolled};
pub use error::IdentityError;
pub use invite::Invitation;
pub use keys::SigningKey;
pub use login::{LoggedIn, LoginInput};
pub use payload::{AdminDetails, Attribute, DoctorDetails, PatientDetails, PersonName, PharmacistDetails};
pub use register::{Registered, Registration};
pub use username::{NameRefused, Username};
pub use users::{Staff, User, UserFilter};

/// Places in which log-ins of accounts wait for their turn.
const TURNS: usize = 64;

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
    gate: Arc<Gate>,
}

/// What log-ins share and wait at.
#[derive(Debug)]
struct Gate {
    passwords: Passwords,
    turns: [Mutex<()>; TURNS],
}

impl Identity {
    /// Opens the room.
    ///
    /// # Errors
    /// [`IdentityError::Cost`] where the strength's bcrypt cost is out of range.
    pub async fn new(
        store: Arc<Store>,
        keyring: Arc<Keyring>,
        unsealer: Unsealer,
        ledger: Ledger,
        settings: Settings,
    ) -> Result<Self, IdentityError> {
        let passwords = Passwords::new(keyring.around().clone()).await?;
        let gate = Gate { passwords, turns: std::array::from_fn(|_| Mutex::default()) };
        Ok(Self { store, keyring, unsealer, ledger, settings: settings.into(), gate: gate.into() })
    }

    fn now_ms(&self) -> i64 {
        self.keyring.around().now_ms()
    }
}

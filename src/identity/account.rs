//! An account's row, believed.

use entity::{Role, UserStatus, account};
use uuid::Uuid;

use crate::keyring::Checked;

/// An account as it is now. Loaded by [`Identity::account`](super::Identity::account), to be changed by a verb.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) row: Checked<account::Model>,
}

impl Account {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.row.id
    }

    /// What it may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.row.role
    }

    /// Whether it may log in.
    #[must_use]
    pub fn status(&self) -> UserStatus {
        self.row.status
    }
}

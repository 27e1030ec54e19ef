//! Named system keys: what has no patient is sealed or tagged under one of these.

use crypto::{envelope, key::Key};
use entity::keystore::system_key;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _};

use super::{KeyringError, named, wrapped_at};
use crate::store::{Store, Surroundings};

const ROOT: &str = "root";
const WRAP: &str = "medicrypt/wrap-system/v1";

/// The system keys by purpose. One purpose, one key: nothing found in one place helps in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum SystemKey {
    /// Tags of protected rows.
    RowTag,
    /// What the ledger keeps about each changed row.
    RowChange,
    /// HMAC over each leaf hash.
    LedgerEntry,
    /// Seals actor and details of ledger leaves.
    LedgerDetails,
    /// Seals staff: names, user names, attributes, profiles, password hashes.
    Account,
    /// Finds an account by its user name.
    Username,
    /// Finds sessions, challenges and enrolment codes by their secret.
    Token,
    /// Seals record headers: policy and category.
    Header,
    /// Seals the medicine catalogue.
    Medicine,
    /// Finds a signed text seen before, and a medicine by its code.
    Lookup,
    /// Makes blind ids of imported resources.
    Source,
    /// Seals sums, release parameters and answers.
    Statistics,
    /// Finds sums, releases and budgets.
    StatisticsLookup,
    /// Finds answered mutations by idempotency key.
    Idempotency,
}

const ALL: [SystemKey; 14] = [
    SystemKey::RowTag,
    SystemKey::RowChange,
    SystemKey::LedgerEntry,
    SystemKey::LedgerDetails,
    SystemKey::Account,
    SystemKey::Username,
    SystemKey::Token,
    SystemKey::Header,
    SystemKey::Medicine,
    SystemKey::Lookup,
    SystemKey::Source,
    SystemKey::Statistics,
    SystemKey::StatisticsLookup,
    SystemKey::Idempotency,
];

impl SystemKey {
    /// The HKDF label, as in ARCHITECTURE.md.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::RowTag => "medicrypt/system/row-tag/v1",
            Self::RowChange => "medicrypt/system/row-change/v1",
            Self::LedgerEntry => "medicrypt/system/ledger-entry/v1",
            Self::LedgerDetails => "medicrypt/system/ledger-details/v1",
            Self::Account => "medicrypt/system/account/v1",
            Self::Username => "medicrypt/system/username/v1",
            Self::Token => "medicrypt/system/token/v1",
            Self::Header => "medicrypt/system/header/v1",
            Self::Medicine => "medicrypt/system/medicine/v1",
            Self::Lookup => "medicrypt/system/lookup/v1",
            Self::Source => "medicrypt/system/source/v1",
            Self::Statistics => "medicrypt/system/statistics/v1",
            Self::StatisticsLookup => "medicrypt/system/statistics-lookup/v1",
            Self::Idempotency => "medicrypt/system/idempotency/v1",
        }
    }
}

/// All system keys, derived once at start from one wrapped random root.
#[derive(Debug)]
pub(super) struct Root {
    keys: [Key; ALL.len()],
}

impl Root {
    pub(super) fn key(&self, key: SystemKey) -> &Key {
        &self.keys[key as usize]
    }
}

/// `founded`: the database was sealed under one before.
pub(super) async fn root(
    store: &Store,
    around: &Surroundings,
    kek: &Key,
    kek_version: i64,
    founded: bool,
) -> Result<Root, KeyringError> {
    if named(store, ROOT).await?.is_none() {
        if founded {
            return Err(KeyringError::KeysMissing);
        }
        let made = Key::random(&mut around.rng());
        // Of two nodes that found at the same time, the second finds the first one's root.
        if let Err(error) = wrap(store, around, kek, kek_version, ROOT, made.expose()).await {
            tracing::debug!(%error, "the system root is there already");
        }
    }
    let root = unwrap(kek, &named(store, ROOT).await?.ok_or(KeyringError::WrongMaster)?)?;
    Ok(Root { keys: ALL.map(|key| root.derive(key.label(), &[])) })
}

/// Keeps a named secret of 32 bytes or more, wrapped under the KEK.
pub(super) async fn wrap(
    store: &Store,
    around: &Surroundings,
    kek: &Key,
    kek_version: i64,
    name: &str,
    secret: &[u8],
) -> Result<(), KeyringError> {
    let wrapped =
        envelope::seal(kek, WRAP, &wrapped_at("system_key", name, None, 1), secret, &mut around.rng());
    let row = system_key::Model { name: name.to_owned(), kek_version, wrapped };
    row.into_active_model().insert(store.keys()).await?;
    Ok(())
}

fn unwrap(kek: &Key, row: &system_key::Model) -> Result<Key, KeyringError> {
    let secret = open(kek, row)?;
    secret.as_slice().try_into().map(Key::from_bytes).map_err(|_| KeyringError::WrongMaster)
}

pub(super) fn open(kek: &Key, row: &system_key::Model) -> Result<zeroize::Zeroizing<Vec<u8>>, KeyringError> {
    Ok(envelope::open(kek, WRAP, &wrapped_at("system_key", &row.name, None, 1), &row.wrapped)?)
}

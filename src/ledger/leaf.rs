//! Leaf v1: what one entry says, how it is hashed, and how it stands in its row.

use std::sync::Arc;

use crypto::{encoding::Encoder, mac, merkle};
use entity::{Role, ledger, marker};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keyring::{Keyring, KeyringError, OfSystem, PatientKey, Payload, RowChange, SystemKey};

/// The leaf format of this version of the server.
pub(super) const LEAF_VERSION: i32 = 1;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The right was given, or the attempt succeeded.
    Granted,
    /// It was refused.
    Denied,
    /// Something was changed.
    Done,
}

impl Outcome {
    /// As the column has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "GRANTED",
            Self::Denied => "DENIED",
            Self::Done => "DONE",
        }
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// Somebody with an account.
    Account(Uuid, #[serde(with = "role_name")] Role),
    /// The server itself, or its host's command line.
    System,
    /// Nobody known: a failed login.
    Unknown,
}

/// An entry that is to be appended.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who.
    pub by: By,
    /// What, in `UPPER_CASE`.
    pub action: &'static str,
    /// Whose record it concerns. The entry is then found by that patient alone.
    pub patient: Option<Arc<PatientKey>>,
    /// For what (HL7 `PurposeOfUse`: `TREAT`, `HOPERAT`, `PATRQT`, …).
    pub purpose: &'static str,
    /// Whether the ordinary rules were overridden.
    pub break_glass: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// Ids and reasons, sealed. Never clinical words.
    pub about: Vec<(&'static str, String)>,
}

impl Draft {
    /// An entry about no patient, for the hospital's operation.
    #[must_use]
    pub fn new(by: By, action: &'static str, outcome: Outcome) -> Self {
        Self { by, action, patient: None, purpose: "HOPERAT", break_glass: false, outcome, about: Vec::new() }
    }

    /// The same, with one more detail.
    #[must_use]
    #[allow(clippy::needless_pass_by_value, reason = "ids and texts read better without a reference")]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.about.push((name, value.to_string()));
        self
    }

    /// The same, about a patient.
    #[must_use]
    pub fn of(mut self, patient: Arc<PatientKey>, purpose: &'static str) -> Self {
        self.patient = Some(patient);
        self.purpose = purpose;
        self
    }
}

/// What the actor column holds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Actor(pub(super) By);

/// What the details column holds: everything else that was said, and the rows that changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Details {
    /// Ids and reasons.
    pub(super) about: Vec<(String, String)>,
    /// Changed rows: table, id, version.
    pub(super) rows: Vec<(String, Uuid, i64)>,
    /// The patient concerned.
    pub(super) patient: Option<Uuid>,
}

impl Payload for Actor {
    type Marker = marker::LedgerActor;
    const TABLE: &'static str = "ledger";
    const COLUMN: &'static str = "actor";
}

impl OfSystem for Actor {
    const KEY: SystemKey = SystemKey::LedgerDetails;
}

impl Payload for Details {
    type Marker = marker::LedgerDetails;
    const TABLE: &'static str = "ledger";
    const COLUMN: &'static str = "details";
}

impl OfSystem for Details {
    const KEY: SystemKey = SystemKey::LedgerDetails;
}

/// The end of the chain, after which the next leaf goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Index of the last leaf; -1 before the first.
    pub(super) index: i64,
    /// Its time, below which no later one goes.
    pub(super) time_ms: i64,
    /// Its hash.
    pub(super) hash: [u8; 32],
}

impl Head {
    /// Before the first leaf of an installation.
    pub(super) fn genesis(installation: Uuid) -> Self {
        let hash =
            mac::sha256(&Encoder::new("medicrypt/ledger-genesis/v1").bytes(installation.as_bytes()).finish());
        Self { index: -1, time_ms: 0, hash }
    }
}

/// The row of the next leaf, chained to `head`.
pub(super) fn chain(
    keyring: &Keyring,
    installation: Uuid,
    head: Head,
    now_ms: i64,
    draft: &Draft,
    rows: &[RowChange],
    subject_tag: Option<mac::Mac>,
) -> Result<ledger::Model, KeyringError> {
    let idx = head.index + 1;
    let details = Details {
        about: draft.about.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        rows: rows.iter().map(|row| (row.table.to_owned(), row.id, row.version)).collect(),
        patient: draft.patient.as_ref().map(|key| key.patient()),
    };
    let mut leaf = ledger::Model {
        idx,
        leaf_version: LEAF_VERSION,
        time_ms: now_ms.max(head.time_ms),
        installation,
        actor: keyring.seal(place(idx), 1, &Actor(draft.by))?,
        role: match draft.by {
            By::Account(_, role) => Some(role_name::of(role).to_owned()),
            By::System | By::Unknown => None,
        },
        action: draft.action.to_owned(),
        subject_tag: subject_tag.map(|tag| tag.to_vec()),
        purpose: draft.purpose.to_owned(),
        break_glass: draft.break_glass,
        outcome: draft.outcome.as_str().to_owned(),
        row_tag: (!rows.is_empty())
            .then(|| rows_tag(keyring, rows.iter().map(|row| (&row.row_key[..], &row.row_tag[..])))),
        details: keyring.seal(place(idx), 1, &details)?,
        prev_hash: head.hash.to_vec(),
        hash: Vec::new(),
        mac: Vec::new(),
    };
    let hash = hash(&leaf);
    leaf.mac = keyring.mac(SystemKey::LedgerEntry, &hash).to_vec();
    leaf.hash = hash.to_vec();
    Ok(leaf)
}

/// RFC 6962's leaf hash, SHA-256(0x00 || encoding), over every field but the hash itself and its MAC.
pub(super) fn hash(leaf: &ledger::Model) -> [u8; 32] {
    let encoding = Encoder::new("medicrypt/ledger-leaf/v1")
        .i64(leaf.leaf_version.into())
        .i64(leaf.idx)
        .i64(leaf.time_ms)
        .bytes(leaf.installation.as_bytes())
        .bytes(leaf.actor.ciphertext())
        .opt(leaf.role.as_deref().map(str::as_bytes))
        .str(&leaf.action)
        .opt(leaf.subject_tag.as_deref())
        .str(&leaf.purpose)
        .bool(leaf.break_glass)
        .str(&leaf.outcome)
        .opt(leaf.row_tag.as_deref())
        .bytes(leaf.details.ciphertext())
        .bytes(&leaf.prev_hash)
        .finish();
    merkle::leaf_hash(&encoding)
}

/// The hash of a leaf that this server wrote and nobody changed since; none of any other.
pub(super) fn believed(keyring: &Keyring, leaf: &ledger::Model) -> Option<[u8; 32]> {
    let hash = hash(leaf);
    let believed =
        mac::equal(&hash, &leaf.hash) && mac::equal(&keyring.mac(SystemKey::LedgerEntry, &hash), &leaf.mac);
    believed.then_some(hash)
}

/// One tag over all rows that a leaf stands for, in order.
pub(super) fn rows_tag<'a>(keyring: &Keyring, rows: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let encoding =
        rows.fold(Encoder::new("medicrypt/ledger-rows/v1"), |e, (key, tag)| e.bytes(key).bytes(tag));
    keyring.mac(SystemKey::RowChange, &encoding.finish()).to_vec()
}

/// The sealed columns of a leaf are bound to its index.
pub(super) fn place(idx: i64) -> Uuid {
    Uuid::from_u64_pair(0, idx.cast_unsigned())
}

/// Role names as the ledger and the API have them.
pub(crate) mod role_name {
    use entity::Role;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn of(role: Role) -> &'static str {
        match role {
            Role::Admin => "ADMIN",
            Role::Doctor => "DOCTOR",
            Role::Patient => "PATIENT",
            Role::Pharmacist => "PHARMACIST",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Role> {
        [Role::Admin, Role::Doctor, Role::Patient, Role::Pharmacist]
            .into_iter()
            .find(|role| of(*role) == name)
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(role: &Role, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(of(*role))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
        let name = String::deserialize(deserializer)?;
        parse(&name).ok_or_else(|| D::Error::custom("unknown role"))
    }
}

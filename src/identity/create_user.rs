//! Making accounts: one by the desk or the host, many by an import.

use std::{collections::HashSet, sync::Arc};

use entity::{
    Role, UserStatus, account, account_attribute, admin_profile, doctor_profile, patient_profile,
    pharmacist_profile,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use uuid::Uuid;

use super::{
    Attribute, Identity, IdentityError, PatientDetails, PersonName, Username,
    payload::{AdminDetails, AttributeValue, DoctorDetails, PasswordHash, PharmacistDetails},
};
use crate::{
    keyring::{PatientKey, SystemKey},
    ledger::Tx,
};

/// User names asked for in one statement.
const PAGE: usize = 500;

/// An account to be made.
#[derive(Clone)]
pub struct NewUser {
    /// The account's id where it must be known beforehand (an import's blind id); otherwise a random one.
    pub id: Option<Uuid>,
    /// What the user logs in by.
    pub username: Username,
    /// The person's name.
    pub name: PersonName,
    /// The role, and what is kept about one who has it.
    pub profile: Profile,
    /// Whether it comes from elsewhere and waits, disabled, until the desk invites its user.
    pub imported: bool,
}

/// A role and its profile: there is no account with the one and not the other.
#[derive(Clone)]
pub enum Profile {
    /// An administrator.
    Admin(AdminDetails),
    /// A doctor.
    Doctor(DoctorDetails),
    /// A pharmacist.
    Pharmacist(PharmacistDetails),
    /// A patient, whose row and key exist already.
    Patient(Arc<PatientKey>, PatientDetails),
}

impl Profile {
    /// The role.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Admin(_) => Role::Admin,
            Self::Doctor(_) => Role::Doctor,
            Self::Pharmacist(_) => Role::Pharmacist,
            Self::Patient(..) => Role::Patient,
        }
    }

    /// What policies learn from it.
    fn attributes(&self) -> Vec<(Attribute, &str)> {
        match self {
            Self::Admin(of) => vec![(Attribute::Department, &of.department)],
            Self::Doctor(of) => vec![
                (Attribute::Department, &of.department),
                (Attribute::Specialty, &of.specialty),
                (Attribute::Hospital, &of.hospital),
            ],
            Self::Pharmacist(of) => vec![(Attribute::Pharmacy, &of.pharmacy)],
            Self::Patient(..) => Vec::new(),
        }
    }
}

/// The rows of new accounts, table by table.
#[derive(Default)]
struct Rows {
    accounts: Vec<account::Model>,
    attributes: Vec<account_attribute::Model>,
    admins: Vec<admin_profile::Model>,
    doctors: Vec<doctor_profile::Model>,
    pharmacists: Vec<pharmacist_profile::Model>,
    patients: Vec<patient_profile::Model>,
}

impl Identity {
    /// Makes an account in the caller's transaction; the caller appends the entry. It is invited: see
    /// [`Identity::invite`] for the code that its user enrols with.
    ///
    /// # Errors
    /// [`IdentityError::UsernameTaken`].
    pub async fn create(&self, tx: &mut Tx, user: &NewUser) -> Result<Uuid, IdentityError> {
        let made = self.create_all(tx, std::slice::from_ref(user)).await?;
        made.first().copied().ok_or(IdentityError::NotFound)
    }

    /// Makes several accounts in the caller's transaction, in a constant number of statements per 100. The ids are in
    /// the order of `users`.
    ///
    /// # Errors
    /// [`IdentityError::UsernameTaken`] where one of the names is somebody's, or is among them twice.
    pub async fn create_all(&self, tx: &mut Tx, users: &[NewUser]) -> Result<Vec<Uuid>, IdentityError> {
        self.refuse_taken(tx, users).await?;
        let mut rows = Rows::default();
        for user in users {
            let id = user.id.unwrap_or_else(|| self.keyring.around().uuid());
            let status = if user.imported { UserStatus::Disabled } else { UserStatus::Invited };
            self.compose(&mut rows, user, id, status, None)?;
        }
        rows.write(tx).await
    }

    /// Makes an account that may log in at once.
    pub(super) async fn create_active(
        &self,
        tx: &mut Tx,
        user: &NewUser,
        hash: &PasswordHash,
    ) -> Result<Uuid, IdentityError> {
        self.refuse_taken(tx, std::slice::from_ref(user)).await?;
        let mut rows = Rows::default();
        let id = user.id.unwrap_or_else(|| self.keyring.around().uuid());
        self.compose(&mut rows, user, id, UserStatus::Active, Some(hash))?;
        rows.write(tx).await?;
        Ok(id)
    }

    /// The attribute's row of an account. Its id is derived, so that a deleted row is missed.
    pub(super) fn attribute_id(&self, account: Uuid, attribute: Attribute) -> Uuid {
        let what = crypto::encoding::Encoder::new("medicrypt/attribute-id/v1");
        let what = what.bytes(account.as_bytes()).str(attribute.key()).finish();
        self.keyring.blind_id(SystemKey::Username, &what)
    }

    async fn refuse_taken(&self, tx: &Tx, users: &[NewUser]) -> Result<(), IdentityError> {
        let tags: HashSet<Vec<u8>> =
            users.iter().map(|user| self.username_tag(&user.username).to_vec()).collect();
        if tags.len() < users.len() {
            return Err(IdentityError::UsernameTaken);
        }
        for page in tags.into_iter().collect::<Vec<_>>().chunks(PAGE) {
            let taken = account::Column::UsernameTag.is_in(page.iter().cloned());
            let one = account::Entity::find().select_only().column(account::Column::Id).filter(taken);
            if one.into_tuple::<Uuid>().one(tx.connection()).await?.is_some() {
                return Err(IdentityError::UsernameTaken);
            }
        }
        Ok(())
    }

    fn compose(
        &self,
        rows: &mut Rows,
        user: &NewUser,
        id: Uuid,
        status: UserStatus,
        hash: Option<&PasswordHash>,
    ) -> Result<(), IdentityError> {
        let (keyring, tag) = (&self.keyring, Vec::new);
        rows.accounts.push(account::Model {
            id,
            role: user.profile.role(),
            username_tag: self.username_tag(&user.username).to_vec(),
            username: keyring.seal(id, 1, &user.username)?,
            name: keyring.seal(id, 1, &user.name)?,
            password_hash: hash.map(|hash| keyring.seal(id, 1, hash)).transpose()?,
            status,
            created_ms: self.now_ms(),
            version: 1,
            tag: tag(),
        });
        for (attribute, value) in user.profile.attributes() {
            let row = self.attribute_id(id, attribute);
            let value = keyring.seal(row, 1, &AttributeValue(value.to_owned()))?;
            let key = attribute.key().to_owned();
            rows.attributes.push(account_attribute::Model {
                id: row,
                account_id: id,
                key,
                value,
                version: 1,
                tag: tag(),
            });
        }
        match &user.profile {
            Profile::Admin(of) => {
                rows.admins.push(admin_profile::Model {
                    id,
                    details: keyring.seal(id, 1, of)?,
                    version: 1,
                    tag: tag(),
                });
            }
            Profile::Doctor(of) => {
                rows.doctors.push(doctor_profile::Model {
                    id,
                    details: keyring.seal(id, 1, of)?,
                    version: 1,
                    tag: tag(),
                });
            }
            Profile::Pharmacist(of) => {
                let details = keyring.seal(id, 1, of)?;
                rows.pharmacists.push(pharmacist_profile::Model { id, details, version: 1, tag: tag() });
            }
            Profile::Patient(key, of) => {
                let details = keyring.seal_for(key, "", id, 1, of)?;
                let patient_id = key.patient();
                rows.patients.push(patient_profile::Model {
                    id,
                    patient_id,
                    details,
                    version: 1,
                    tag: tag(),
                });
            }
        }
        Ok(())
    }
}

impl Rows {
    async fn write(self, tx: &mut Tx) -> Result<Vec<Uuid>, IdentityError> {
        let ids = self.accounts.iter().map(|account| account.id).collect();
        // Of two that take a name at the same time, the database refuses one.
        let taken = |error| IdentityError::or_if_taken(error, IdentityError::UsernameTaken);
        tx.insert_all(self.accounts).await.map_err(taken)?;
        tx.insert_all(self.attributes).await?;
        tx.insert_all(self.admins).await?;
        tx.insert_all(self.doctors).await?;
        tx.insert_all(self.pharmacists).await?;
        tx.insert_all(self.patients).await?;
        Ok(ids)
    }
}

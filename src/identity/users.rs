//! Reading accounts: one, several, or a page of all.

use std::collections::HashMap;

use entity::{
    Role, UserStatus,
    account::{self, Column},
    admin_profile, doctor_profile, pharmacist_profile,
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, ExprTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::{AdminDetails, DoctorDetails, Identity, IdentityError, PersonName, PharmacistDetails, Username};
use crate::keyring::{Checked, IntegrityViolation, Violation};

/// Ids of one statement.
const PAGE: usize = 500;

/// An account, opened. Names of users are not clinical; who may read them is for the rooms above to say.
#[derive(Clone)]
pub struct User {
    /// The account.
    pub id: Uuid,
    /// Its role.
    pub role: Role,
    /// Whether it may log in.
    pub status: UserStatus,
    /// The user name.
    pub username: Username,
    /// The person's name.
    pub name: PersonName,
    /// When it was made, in milliseconds UTC.
    pub created_ms: i64,
}

/// Which accounts are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct UserFilter {
    /// Only of this role.
    pub role: Option<Role>,
    /// Only of this status.
    pub status: Option<UserStatus>,
    /// Only after this one: [`User::created_ms`] and [`User::id`].
    pub after: Option<(i64, Uuid)>,
}

/// A staff member's profile.
#[derive(Clone)]
pub enum Staff {
    /// An administrator's.
    Admin(AdminDetails),
    /// A doctor's.
    Doctor(DoctorDetails),
    /// A pharmacist's.
    Pharmacist(PharmacistDetails),
}

impl Identity {
    /// One account.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`]; integrity where the row was changed.
    pub async fn user(&self, id: Uuid) -> Result<User, IdentityError> {
        self.users(&[id]).await?.remove(&id).ok_or(IdentityError::NotFound)
    }

    /// Several accounts by id, those that exist, in one statement per 500.
    ///
    /// # Errors
    /// Integrity where a row was changed.
    pub async fn users(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, User>, IdentityError> {
        let mut users = HashMap::with_capacity(ids.len());
        for page in ids.chunks(PAGE) {
            let wanted = Column::Id.is_in(page.iter().copied());
            for row in account::Entity::find().filter(wanted).all(self.store.read()).await? {
                users.insert(row.id, self.open_user(&self.keyring.check(row)?)?);
            }
        }
        Ok(users)
    }

    /// The account of that user name.
    ///
    /// # Errors
    /// Integrity where the row was changed.
    pub async fn find_user(&self, username: &Username) -> Result<Option<User>, IdentityError> {
        let named = Column::UsernameTag.eq(self.username_tag(username).to_vec());
        let row = account::Entity::find().filter(named).one(self.store.read()).await?;
        row.map(|row| self.open_user(&self.keyring.check(row)?)).transpose()
    }

    /// A page of accounts, oldest first.
    ///
    /// # Errors
    /// Integrity where a row was changed.
    pub async fn list_users(&self, filter: UserFilter, limit: u64) -> Result<Vec<User>, IdentityError> {
        let after = filter.after.map(|(created_ms, id)| {
            let same_time = Column::CreatedMs.eq(created_ms).and(Column::Id.gt(id));
            Column::CreatedMs.gt(created_ms).or(same_time)
        });
        let wanted = Condition::all()
            .add_option(filter.role.map(|role| Column::Role.eq(role)))
            .add_option(filter.status.map(|status| Column::Status.eq(status)))
            .add_option(after);
        let page =
            account::Entity::find().filter(wanted).order_by_asc(Column::CreatedMs).order_by_asc(Column::Id);
        let rows = page.limit(limit).all(self.store.read()).await?;
        rows.into_iter().map(|row| self.open_user(&self.keyring.check(row)?)).collect()
    }

    /// The profile of an administrator, doctor or pharmacist; none of a patient.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`]; integrity where the row was changed.
    pub async fn staff(&self, id: Uuid) -> Result<Option<Staff>, IdentityError> {
        let read = self.store.read();
        let missing = |table| IntegrityViolation::new(table, id, Violation::Missing);
        macro_rules! profile {
            ($table:ident) => {{
                let row = $table::Entity::find_by_id(id).one(read).await?;
                let row = self.keyring.check(row.ok_or_else(|| missing(stringify!($table)))?)?;
                self.unsealer.open(id, row.version, &row.details)?
            }};
        }
        Ok(match self.user(id).await?.role {
            Role::Admin => Some(Staff::Admin(profile!(admin_profile))),
            Role::Doctor => Some(Staff::Doctor(profile!(doctor_profile))),
            Role::Pharmacist => Some(Staff::Pharmacist(profile!(pharmacist_profile))),
            Role::Patient => None,
        })
    }

    fn open_user(&self, row: &Checked<account::Model>) -> Result<User, IdentityError> {
        Ok(User {
            id: row.id,
            role: row.role,
            status: row.status,
            username: self.unsealer.open(row.id, row.version, &row.username)?,
            name: self.unsealer.open(row.id, row.version, &row.name)?,
            created_ms: row.created_ms,
        })
    }
}

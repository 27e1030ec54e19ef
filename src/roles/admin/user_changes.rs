//! Making, re-enrolling and disabling accounts. The user's key and password are the user's own: the admin only hands over a
//! one-time code.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::{authorize, users::Account};
use crate::{
    access::confirm,
    clinic::{ClinicError, admit::Admission},
    graph::{
        Answer, Can,
        can::can,
        nouns::{Role, time},
    },
    identity::{
        AdminDetails, DoctorDetails, IdentityError, NewUser, PersonName, PharmacistDetails, Profile, Username,
    },
    ledger::{Draft, Outcome},
    vault::payload::Demographics,
};

crate::action! {
    /// Makes, re-enrols and disables accounts.
    ManageUsers = "MANAGE_USERS" for "HOPERAT" by Admin else Forbidden
}

/// An account to be made.
#[derive(Clone, InputObject)]
pub struct CreateUserInput {
    /// What it may do.
    role: Role,
    /// The user name, 3 to 254 characters.
    username: String,
    /// The person's name.
    name: String,
    /// Department, for doctors and admins.
    department: Option<String>,
    /// Specialty, for doctors.
    specialty: Option<String>,
    /// Hospital, for doctors.
    hospital: Option<String>,
    /// Pharmacy, for pharmacists.
    pharmacy: Option<String>,
    /// Licence number, for pharmacists.
    licence: Option<String>,
    /// Birth date, ISO 8601, for patients: a record is opened for them with it.
    birth_date: Option<String>,
    /// FHIR administrative gender, for patients.
    sex: Option<String>,
}

/// An account, by id.
#[derive(InputObject)]
pub struct AccountInput {
    /// The account's id.
    account_id: Uuid,
}

/// An account that waits for enrolment.
#[derive(SimpleObject)]
pub struct InvitedAccount {
    /// The account.
    account: Account,
    /// The one-time code to hand to the user. Shown once.
    enrolment_code: String,
    /// Until when it is good.
    expires_at: DateTime<Utc>,
}

/// The mutations.
#[derive(Default)]
pub(super) struct UserChanges;

#[Object]
impl UserChanges {
    /// Makes an account. Its user enrols with the one-time code, a password and a public key of their own.
    #[graphql(guard = "Can::<ManageUsers>::new()", directive = can::apply("MANAGE_USERS".to_owned()))]
    async fn create_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account.")] input: CreateUserInput,
    ) -> Answer<InvitedAccount> {
        let (world, actor, permit) = authorize::<ManageUsers>(ctx).await?;
        let username = Username::parse(&input.username).map_err(IdentityError::from)?;
        let name = PersonName::parse(&input.name).map_err(IdentityError::from)?;
        let admission = match input.role {
            Role::Patient => Some(world.clinic.prepare_admission(demographics(&input)).await?),
            _ => None,
        };
        let user = NewUser {
            id: None,
            username,
            name,
            profile: profile(&input, admission.as_ref()),
            imported: false,
        };
        let (facts, by, rooms) = (permit.facts().to_vec(), actor.by(), world.clone());
        let made = world
            .write("create user", move |tx| {
                let (user, admission, facts, rooms) =
                    (user.clone(), admission.clone(), facts.clone(), rooms.clone());
                Box::pin(async move {
                    confirm(tx, &facts).await?;
                    if let Some(admission) = &admission {
                        rooms.clinic.admit(tx, admission).await?;
                    }
                    let id = rooms.identity.create(tx, &user).await?;
                    let invitation = rooms.identity.invite(tx, id).await?;
                    tx.append(Draft::new(by, "USER_CREATED", Outcome::Done).with("account", id));
                    Ok::<_, ClinicError>((id, invitation))
                })
            })
            .await?
            .value;
        let account = world.identity.user(made.0).await?.into();
        Ok(InvitedAccount {
            account,
            enrolment_code: made.1.code.expose_secret().to_owned(),
            expires_at: time(made.1.expires_ms),
        })
    }

    /// Gives a new one-time code: for a user who lost key or password, or who comes from an import. Older codes are void
    /// and the old key no longer logs in.
    #[graphql(guard = "Can::<ManageUsers>::new()", directive = can::apply("MANAGE_USERS".to_owned()))]
    async fn reissue_enrolment_code(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account.")] input: AccountInput,
    ) -> Answer<InvitedAccount> {
        let (world, actor, permit) = authorize::<ManageUsers>(ctx).await?;
        let (facts, by, rooms, id) = (permit.facts().to_vec(), actor.by(), world.clone(), input.account_id);
        let invitation = world
            .write("re-enrol user", move |tx| {
                let (facts, rooms) = (facts.clone(), rooms.clone());
                Box::pin(async move {
                    confirm(tx, &facts).await?;
                    let invitation = rooms.identity.invite(tx, id).await?;
                    tx.append(Draft::new(by, "USER_REENROLLED", Outcome::Done).with("account", id));
                    Ok::<_, ClinicError>(invitation)
                })
            })
            .await?
            .value;
        let account = world.identity.user(id).await?.into();
        Ok(InvitedAccount {
            account,
            enrolment_code: invitation.code.expose_secret().to_owned(),
            expires_at: time(invitation.expires_ms),
        })
    }

    /// Disables an account; its sessions end at once.
    #[graphql(guard = "Can::<ManageUsers>::new()", directive = can::apply("MANAGE_USERS".to_owned()))]
    async fn disable_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account.")] input: AccountInput,
    ) -> Answer<Account> {
        let (world, actor, permit) = authorize::<ManageUsers>(ctx).await?;
        let (facts, by, rooms, id) = (permit.facts().to_vec(), actor.by(), world.clone(), input.account_id);
        world
            .write("disable user", move |tx| {
                let (facts, rooms) = (facts.clone(), rooms.clone());
                Box::pin(async move {
                    confirm(tx, &facts).await?;
                    rooms.identity.disable(tx, id).await?;
                    tx.append(Draft::new(by, "USER_DISABLED", Outcome::Done).with("account", id));
                    Ok::<_, ClinicError>(())
                })
            })
            .await?;
        Ok(world.identity.user(id).await?.into())
    }
}

fn profile(input: &CreateUserInput, admission: Option<&Admission>) -> Profile {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    match (input.role, admission) {
        (Role::Patient, Some(admission)) => admission.profile(),
        (Role::Doctor, _) => Profile::Doctor(DoctorDetails {
            department: text(&input.department),
            specialty: text(&input.specialty),
            hospital: text(&input.hospital),
        }),
        (Role::Pharmacist, _) => Profile::Pharmacist(PharmacistDetails {
            pharmacy: text(&input.pharmacy),
            licence: text(&input.licence),
        }),
        (Role::Admin | Role::Patient, _) => {
            Profile::Admin(AdminDetails { department: text(&input.department) })
        }
    }
}

/// The given names are what stands before the last space.
fn demographics(input: &CreateUserInput) -> Demographics {
    let (given, family) = input.name.trim().rsplit_once(' ').unwrap_or((input.name.trim(), ""));
    Demographics {
        mrn: None,
        given: given.to_owned(),
        family: family.to_owned(),
        sex: input.sex.clone(),
        birth_date: input.birth_date.clone(),
        phone: None,
        deceased: false,
        smoking_status: None,
    }
}

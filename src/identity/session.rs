//! Sessions: from a bearer token to an [`Actor`], and their ends.

use std::collections::BTreeMap;

use entity::{Role, SessionStatus, UserStatus, account, account_attribute, patient_profile, session};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Actor, Attribute, Identity, IdentityError, payload::AttributeValue};
use crate::{
    keyring::{Checked, IntegrityViolation, RowChange, Violation},
    ledger::{Draft, Outcome},
};

impl Identity {
    /// Who holds this token. Every row it rests on is held against the ledger, so neither an
    /// edited nor a rolled-back session, role, account or attribute makes an actor.
    ///
    /// # Errors
    /// [`IdentityError::Unauthenticated`] without a reason; integrity where a row was changed.
    pub async fn actor(&self, token: &SecretString) -> Result<Actor, IdentityError> {
        let moment = self.store.snapshot().await?;
        let read = &moment;
        let by_token = session::Column::TokenTag.eq(self.token_tag(token).to_vec());
        let session = session::Entity::find().filter(by_token).one(read).await?;
        let session = self.keyring.check(session.ok_or(IdentityError::Unauthenticated)?)?;

        let missing = |table| IntegrityViolation::new(table, session.account_id, Violation::Missing);
        let account = account::Entity::find_by_id(session.account_id).one(read).await?;
        let account = self.keyring.check(account.ok_or_else(|| missing("account"))?)?;
        let patient = match account.role {
            Role::Patient => {
                let profile = patient_profile::Entity::find_by_id(account.id).one(read).await?;
                Some(self.keyring.check(profile.ok_or_else(|| missing("patient_profile"))?)?)
            }
            Role::Admin | Role::Doctor | Role::Pharmacist => None,
        };
        let own = account_attribute::Column::AccountId.eq(account.id);
        let attributes = account_attribute::Entity::find().filter(own).all(read).await?;
        let attributes = self.keyring.check_all(attributes)?;

        let mut rows = vec![self.keyring.row_change(&*session), self.keyring.row_change(&*account)];
        let facts = rows.iter().map(|row: &RowChange| (row.table, row.id, row.version)).collect();
        rows.extend(patient.iter().map(|row| self.keyring.row_change(&**row)));
        rows.extend(attributes.iter().map(|row| self.keyring.row_change(&**row)));
        self.ledger.hold_changes(read, &rows, &self.absent(account.id, &attributes)).await?;

        let open = session.status == SessionStatus::Open && self.now_ms() < session.expires_ms;
        if !open || account.status != UserStatus::Active {
            return Err(IdentityError::Unauthenticated);
        }
        Ok(Actor {
            account: account.id,
            role: account.role,
            session: session.id,
            session_expires_ms: session.expires_ms,
            signing_key: session.signing_key_id,
            attributes: self.opened(&account, patient.as_deref(), &attributes)?,
            patient: patient.map(|profile| profile.into_inner().patient_id),
            facts,
        })
    }

    /// Ends the actor's session.
    ///
    /// # Errors
    /// Where the ledger fails or a row was changed.
    pub async fn logout(&self, actor: &Actor) -> Result<(), IdentityError> {
        let (this, session, by) = (self.clone(), actor.session, actor.by());
        self.ledger
            .write("logout", move |tx| {
                let this = this.clone();
                Box::pin(async move {
                    let row =
                        session::Entity::find_by_id(session).lock_exclusive().one(tx.connection()).await?;
                    let row = this.keyring.check(row.ok_or(IdentityError::Unauthenticated)?)?;
                    tx.hold(std::slice::from_ref(&row)).await?;
                    if row.status == SessionStatus::Open {
                        tx.update(&row, |row| row.status = SessionStatus::Closed).await?;
                    }
                    tx.append(Draft::new(by, "LOGOUT", Outcome::Done).with("session", session));
                    Ok::<_, IdentityError>(())
                })
            })
            .await?;
        Ok(())
    }

    /// Ends every session of the actor's account, this one too.
    ///
    /// # Errors
    /// Where the ledger fails or a row was changed.
    pub async fn logout_everywhere(&self, actor: &Actor) -> Result<(), IdentityError> {
        let (this, account, by) = (self.clone(), actor.account, actor.by());
        self.ledger
            .write("logout everywhere", move |tx| {
                let this = this.clone();
                Box::pin(async move {
                    this.locked(tx, account).await?;
                    this.close_sessions(tx, account).await?;
                    tx.append(Draft::new(by, "LOGOUT_EVERYWHERE", Outcome::Done));
                    Ok::<_, IdentityError>(())
                })
            })
            .await?;
        Ok(())
    }

    /// The attributes that an account does not have, as rows that must never have been.
    fn absent(&self, account: Uuid, rows: &[Checked<account_attribute::Model>]) -> Vec<(&'static str, Uuid)> {
        let all = Attribute::ALL.map(|attribute| self.attribute_id(account, attribute));
        let there = |id: &Uuid| rows.iter().any(|row| row.id == *id);
        all.into_iter().filter(|id| !there(id)).map(|id| ("account_attribute", id)).collect()
    }

    fn opened(
        &self,
        account: &account::Model,
        patient: Option<&patient_profile::Model>,
        rows: &[Checked<account_attribute::Model>],
    ) -> Result<BTreeMap<String, String>, IdentityError> {
        let mut attributes = BTreeMap::new();
        for row in rows {
            let value: AttributeValue = self.unsealer.open(row.id, row.version, &row.value)?;
            if !value.0.is_empty() {
                attributes.insert(row.key.clone(), value.0.clone());
            }
        }
        attributes.insert("role".to_owned(), policy_name(account.role).to_owned());
        // Policies name patients by the patient's id: there may be no account yet when one is written.
        let user = patient.map_or(account.id, |profile| profile.patient_id);
        attributes.insert("user_id".to_owned(), user.to_string());
        Ok(attributes)
    }
}

/// A role as policies write it.
fn policy_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Doctor => "doctor",
        Role::Patient => "patient",
        Role::Pharmacist => "pharmacist",
    }
}

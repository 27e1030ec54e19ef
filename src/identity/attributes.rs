//! What policies ask about an account, changed by the desk.

use entity::account_attribute;
use sea_orm::{EntityTrait as _, QuerySelect as _};
use uuid::Uuid;

use super::{Attribute, Identity, IdentityError, NameRefused, PersonName, payload::AttributeValue};
use crate::{
    keyring::{IntegrityViolation, Violation},
    ledger::Tx,
};

impl Identity {
    /// Gives an account an attribute, another value of it, or (`None`) takes it away, in the caller's transaction; the
    /// caller appends the entry. Permits that are under way become stale.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], [`IdentityError::Name`]; integrity where a row was changed.
    pub async fn set_attribute(
        &self,
        tx: &mut Tx,
        account: Uuid,
        attribute: Attribute,
        value: Option<&str>,
    ) -> Result<(), IdentityError> {
        // The rules of names do for departments too.
        let value = value.map(PersonName::parse).transpose().map_err(|_| NameRefused::Attribute)?;
        let value = AttributeValue(value.map(|value| value.as_str().to_owned()).unwrap_or_default());
        let account = self.locked(tx, account).await?;
        let id = self.attribute_id(account.id, attribute);
        match account_attribute::Entity::find_by_id(id).lock_exclusive().one(tx.connection()).await? {
            Some(row) => {
                let row = self.keyring.check(row)?;
                tx.hold(std::slice::from_ref(&row)).await?;
                let sealed = self.keyring.seal(id, row.version + 1, &value)?;
                tx.update(&row, |row| row.value = sealed).await?;
            }
            None if self.ledger.index_of("account_attribute", id, 1).await?.is_some() => {
                return Err(IntegrityViolation::new("account_attribute", id, Violation::Missing).into());
            }
            None => {
                let value = self.keyring.seal(id, 1, &value)?;
                let (account_id, key) = (account.id, attribute.key().to_owned());
                tx.insert(account_attribute::Model {
                    id,
                    account_id,
                    key,
                    value,
                    version: 1,
                    tag: Vec::new(),
                })
                .await?;
            }
        }
        tx.update(&account, |_| ()).await?;
        Ok(())
    }
}

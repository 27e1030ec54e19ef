//! The medicine catalogue: sealed, because a list of drugs in clear tells what a hospital treats.

use crypto::mac::Mac;
use entity::medicine;
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::{Clinic, ClinicError};
use crate::{
    keyring::{Keyring, KeyringError, SystemKey},
    vault::payload::MedicineBody,
};

impl Clinic {
    /// Every medicine that can be prescribed, by name. The catalogue is small: some hundreds.
    ///
    /// # Errors
    /// As of the database and the keyring.
    pub async fn medicines(&self) -> Result<Vec<MedicineBody>, ClinicError> {
        let rows = medicine::Entity::find()
            .filter(medicine::Column::Historical.eq(false))
            .all(self.store.read())
            .await?;
        let mut medicines = rows.into_iter().map(|row| self.opened(row)).collect::<Result<Vec<_>, _>>()?;
        medicines.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.code.cmp(&b.code)));
        Ok(medicines)
    }

    /// The medicine of that code, if it can be prescribed.
    ///
    /// # Errors
    /// [`ClinicError::UnknownMedicine`].
    pub async fn medicine(&self, code: &str) -> Result<MedicineBody, ClinicError> {
        let tag = code_tag(&self.keyring, code).to_vec();
        let row = medicine::Entity::find()
            .filter(medicine::Column::CodeTag.eq(tag))
            .filter(medicine::Column::Historical.eq(false))
            .one(self.store.read())
            .await?
            .ok_or_else(|| ClinicError::UnknownMedicine(code.to_owned()))?;
        self.opened(row)
    }

    fn opened(&self, row: medicine::Model) -> Result<MedicineBody, ClinicError> {
        let row = self.keyring.check(row)?;
        Ok(self.vault.header(row.id, row.version, &row.body)?)
    }
}

/// Which of these codes the catalogue has, historical ones included.
///
/// # Errors
/// As of the database.
pub async fn known(
    connection: &impl ConnectionTrait,
    keyring: &Keyring,
    codes: &[&str],
) -> Result<Vec<bool>, ClinicError> {
    let tags: Vec<Vec<u8>> = codes.iter().map(|code| code_tag(keyring, code).to_vec()).collect();
    let rows = medicine::Entity::find()
        .filter(medicine::Column::CodeTag.is_in(tags.clone()))
        .all(connection)
        .await?;
    Ok(tags.iter().map(|tag| rows.iter().any(|row| row.code_tag == *tag)).collect())
}

/// A new row of the catalogue. `historical`: taken over with an import, not to be prescribed.
///
/// # Errors
/// [`KeyringError::Encoding`].
pub fn row(
    keyring: &Keyring,
    id: Uuid,
    body: &MedicineBody,
    historical: bool,
) -> Result<medicine::Model, KeyringError> {
    Ok(medicine::Model {
        id,
        code_tag: code_tag(keyring, &body.code).to_vec(),
        body: keyring.seal(id, 1, body)?,
        historical,
        version: 1,
        tag: Vec::new(),
    })
}

fn code_tag(keyring: &Keyring, code: &str) -> Mac {
    let message =
        crypto::encoding::Encoder::new("medicrypt/medicine-code/v1").str(&code.trim().to_lowercase());
    keyring.mac(SystemKey::Lookup, &message.finish())
}

//! Who treats whom: made here, by an import, or by the desk.

use entity::care_relation;
use uuid::Uuid;

use super::{Clinic, ClinicError};
use crate::ledger::Tx;

/// The kind of relation that lets a doctor open a patient.
pub const TREATING: &str = "TREATING";

impl Clinic {
    /// Writes that `account` treats `patient` from now on, in the caller's transaction; the caller appends the entry.
    ///
    /// # Errors
    /// As of the database: the relation may be there already.
    pub async fn relate(&self, tx: &mut Tx, patient: Uuid, account: Uuid) -> Result<(), ClinicError> {
        let around = self.keyring.around();
        tx.insert(care_relation::Model {
            id: around.uuid(),
            patient_id: patient,
            account_id: account,
            kind: TREATING.to_owned(),
            since_ms: around.now_ms(),
            until_ms: None,
            version: 1,
            tag: Vec::new(),
        })
        .await?;
        Ok(())
    }
}

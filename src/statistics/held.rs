//! Reading the room's own rows: derived ids, tags checked, held against the ledger, so that a row that was edited, rolled
//! back or deleted is refused when it is used.

use sea_orm::{
    EntityTrait as _, QueryFilter as _,
    sea_query::{Alias, Expr, ExprTrait as _},
};
use uuid::Uuid;

use super::{Statistics, StatisticsError};
use crate::{
    keyring::{Checked, IntegrityViolation, SystemKey, Violation},
    ledger::{LedgerError, Row},
};

/// How often a row is read again that another node changed between reading and holding it.
pub(super) const TRIES: u32 = 5;

impl Statistics {
    /// The row of that derived id, or `None` if the ledger has never heard of it.
    pub(super) async fn held<M: Row>(&self, id: Uuid) -> Result<Option<Checked<M>>, StatisticsError> {
        for attempt in 1.. {
            let found =
                M::Entity::find().filter(Expr::col(Alias::new("id")).eq(id)).one(self.store.read()).await?;
            let kind = match found {
                None if self.ledger.index_of(M::TABLE, id, 1).await?.is_none() => break,
                None => Violation::Missing,
                Some(row) => {
                    let row = self.keyring.check(row)?;
                    match self.ledger.hold(self.store.read(), &row).await {
                        Ok(_) => return Ok(Some(row)),
                        Err(LedgerError::Integrity(violation)) => violation.kind,
                        Err(error) => return Err(error.into()),
                    }
                }
            };
            if attempt == TRIES {
                return Err(IntegrityViolation::new(M::TABLE, id, kind).into());
            }
        }
        Ok(None)
    }

    /// The id and the tag by which a row of this room is found; neither tells what it stands for.
    pub(super) fn derived(&self, label: &[u8]) -> (Uuid, Vec<u8>) {
        let tag = self.keyring.mac(SystemKey::StatisticsLookup, label);
        (self.keyring.blind_id(SystemKey::StatisticsLookup, &tag), tag.to_vec())
    }
}

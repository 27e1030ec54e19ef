//! The permit: proof that a right was given and recorded, for one row and one request.

use std::{fmt, marker::PhantomData};

use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _, LockType, Query},
};
use uuid::Uuid;

use super::{Action, FactVersion};
use crate::ledger::{LedgerError, Receipt, Tx};

/// The row a permit is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its table.
    pub table: &'static str,
    /// Its id.
    pub row: Uuid,
    /// Its version, as it was read.
    pub version: i64,
    /// Whose it is.
    pub patient: Option<Uuid>,
    /// Text of its policy; empty where it has none.
    pub policy: String,
}

/// A right to `A` on one row. Not `Clone`, not serialisable, made by the desk alone.
///
/// ```compile_fail
/// use medicrypt::access::{Permit, Action};
/// fn twice<A: Action>(permit: Permit<A>) -> (Permit<A>, Permit<A>) {
///     (permit.clone(), permit)
/// }
/// ```
///
/// Its passing twin moves it:
///
/// ```
/// use medicrypt::access::{Permit, Action};
/// fn once<A: Action>(permit: Permit<A>) -> Permit<A> {
///     permit
/// }
/// ```
///
/// Nobody but the desk can make one:
///
/// ```compile_fail
/// use medicrypt::access::{Permit, Resource};
/// medicrypt::action!(/** Anything. */ Peek = "PEEK" for "TREAT" by Doctor else Forbidden);
/// fn forge(resource: Resource) -> Permit<Peek> {
///     Permit { resource, action: std::marker::PhantomData }
/// }
/// ```
#[must_use]
pub struct Permit<A> {
    resource: Resource,
    receipt: Receipt,
    facts: Vec<FactVersion>,
    action: PhantomData<fn() -> A>,
}

impl<A: Action> Permit<A> {
    pub(super) fn mint(resource: Resource, receipt: Receipt, facts: Vec<FactVersion>) -> Self {
        Self { resource, receipt, facts, action: PhantomData }
    }

    /// The row it is for.
    #[must_use]
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// The entry that recorded the decision.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        self.receipt
    }

    /// What the decision rested on, to be confirmed first in the write transaction.
    #[must_use]
    pub fn facts(&self) -> &[FactVersion] {
        &self.facts
    }
}

/// Refuses where a row on which the decision rested has changed since, and keeps it from changing before the commit.
///
/// # Errors
/// [`LedgerError::Conflict`].
pub async fn confirm(tx: &Tx, facts: &[FactVersion]) -> Result<(), LedgerError> {
    // Accounts first, as everybody locks them.
    let mut facts: Vec<&FactVersion> = facts.iter().collect();
    facts.sort_by_key(|fact| (fact.table, fact.id));
    for fact in facts {
        let there = Query::select()
            .expr(Expr::val(1))
            .from(Alias::new(fact.table))
            .and_where(Expr::col(Alias::new("id")).eq(fact.id))
            .and_where(Expr::col(Alias::new("version")).eq(fact.version))
            .lock(LockType::Share)
            .to_owned();
        if tx.connection().query_one(&there).await?.is_none() {
            return Err(LedgerError::Conflict);
        }
    }
    Ok(())
}

impl<A: Action> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit<{}>({} {})", A::NAME, self.resource.table, self.resource.row)
    }
}

//! Back-off: the sixth failed attempt and each later one doubles the wait.
//!
//! An attempt with a good signature counts against the account, and only against it: so nobody without the key can
//! lock its owner out. All others count against the address they come from, and only they are kept waiting by it: so a
//! noisy neighbour behind the same address locks out nobody with a key. What is refused here is not an attempt: it is
//! neither counted nor recorded.

use crypto::{encoding::Encoder, mac::Mac};
use entity::backoff::{self, Column};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use uuid::Uuid;

use super::{Identity, IdentityError};
use crate::keyring::SystemKey;

/// Failures without a wait.
const FREE: i64 = 5;
/// The longest wait.
const LONGEST_MS: i64 = 15 * 60 * 1000;
/// Failures are forgotten so long after the wait they brought.
const FORGET_MS: i64 = 60 * 60 * 1000;

/// Whose failures are counted, by HMAC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject(Mac);

impl Subject {
    /// One of so many places, for what must happen one by one.
    pub(super) fn place(self, of: usize) -> usize {
        usize::from(self.0[0]) % of
    }
}

impl Identity {
    /// Whoever holds an account's key.
    pub(super) fn account_subject(&self, account: Uuid) -> Subject {
        self.subject("account", account.as_bytes())
    }

    /// Whoever is at an address.
    pub(super) fn address_subject(&self, address: &str) -> Subject {
        self.subject("address", address.as_bytes())
    }

    fn subject(&self, kind: &str, of: &[u8]) -> Subject {
        let message = Encoder::new("medicrypt/backoff/v1").str(kind).bytes(of).finish();
        Subject(self.keyring.mac(SystemKey::Token, &message))
    }

    /// Refuses while the wait lasts.
    pub(super) async fn heard(&self, subject: Subject) -> Result<(), IdentityError> {
        let row = backoff::Entity::find_by_id(subject.0.to_vec()).one(self.store.read()).await?;
        let wait_ms = row.map_or(0, |row| row.until_ms - self.now_ms());
        if wait_ms > 0 {
            Err(IdentityError::TooManyAttempts { retry_seconds: (wait_ms + 999) / 1000 })
        } else {
            Ok(())
        }
    }
}

/// Counts one failure. The first statement locks the row, so none is lost.
pub(super) async fn count(
    connection: &impl ConnectionTrait,
    subject: Subject,
    now_ms: i64,
) -> Result<(), IdentityError> {
    let old = Column::UntilMs.lt(now_ms - FORGET_MS);
    backoff::Entity::delete_many().filter(old).exec(connection).await?;
    let first = backoff::Model { subject_tag: subject.0.to_vec(), failures: 1, until_ms: now_ms };
    let one_more = OnConflict::column(Column::SubjectTag)
        .value(Column::Failures, Expr::col((backoff::Entity, Column::Failures)).add(1))
        .to_owned();
    backoff::Entity::insert(first.into_active_model().reset_all())
        .on_conflict(one_more)
        .exec_without_returning(connection)
        .await?;
    let now = backoff::Entity::find_by_id(subject.0.to_vec()).one(connection).await?;
    backoff::Entity::update_many()
        .col_expr(Column::UntilMs, Expr::value(now_ms + wait_ms(now.map_or(1, |row| row.failures))))
        .filter(Column::SubjectTag.eq(subject.0.to_vec()))
        .exec(connection)
        .await?;
    Ok(())
}

/// Forgets the failures.
pub(super) async fn forget(connection: &impl ConnectionTrait, subject: Subject) -> Result<(), IdentityError> {
    backoff::Entity::delete_by_id(subject.0.to_vec()).exec(connection).await?;
    Ok(())
}

/// 2 s after the sixth failure, then 4, 8, … up to a quarter of an hour.
fn wait_ms(failures: i64) -> i64 {
    match failures - FREE {
        ..=0 => 0,
        doublings @ 1..10 => 1000 << doublings,
        _ => LONGEST_MS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_are_free_and_then_the_wait_doubles_up_to_a_quarter_of_an_hour() {
        assert_eq!([1, 5, 6, 7, 8].map(wait_ms), [0, 0, 2_000, 4_000, 8_000]);
        assert_eq!([14, 15, 16, i64::MAX].map(wait_ms), [512_000, 900_000, 900_000, 900_000]);
    }
}

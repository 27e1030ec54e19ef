//! bcrypt, a few at a time and off the async threads; and what an unknown user is checked against.

use std::{num::NonZero, sync::Arc, thread};

use crypto::password::{self, HashError};
use secrecy::SecretString;
use tokio::sync::{Semaphore, TryAcquireError};

use super::{IdentityError, payload::PasswordHash};
use crate::{ledger::LedgerError, store::Surroundings};

/// How many may wait for each that runs: with cost 12 some ten seconds' worth.
const WAITING: usize = 32;

/// The pool. Who is refused is told so before anything is computed.
#[derive(Debug)]
pub(super) struct Passwords {
    around: Surroundings,
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    decoy: Decoy,
}

/// The hash of a random password, of the same cost as everybody's.
#[derive(Debug)]
struct Decoy(String);

impl Passwords {
    pub(super) async fn new(around: Surroundings) -> Result<Self, IdentityError> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let (admitted, running) = (Semaphore::new(cores * WAITING), Semaphore::new(cores));
        let mut pool =
            Self { around, admitted: admitted.into(), running: running.into(), decoy: Decoy(String::new()) };
        let random = uuid::Uuid::from_bytes(pool.around.random()).to_string();
        pool.decoy = Decoy(pool.hash(&random.into()).await?.0.clone());
        Ok(pool)
    }

    /// Hashes a new password, if the policy lets it be set.
    pub(super) async fn hash(&self, password: &SecretString) -> Result<PasswordHash, IdentityError> {
        let (password, around) = (password.clone(), self.around.clone());
        let hash = self
            .run(move || password::hash(&password, around.strength().bcrypt_cost, &mut around.rng()))
            .await?;
        match hash {
            Ok(hash) => Ok(PasswordHash(hash)),
            Err(HashError::Refused(refused)) => Err(refused.into()),
            Err(HashError::Cost(cost)) => Err(IdentityError::Cost(cost)),
        }
    }

    /// Whether it is the password; takes as long where there is no hash.
    pub(super) async fn verify(
        &self,
        password: &SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<bool, IdentityError> {
        let password = password.clone();
        let (known, hash) = (hash.is_some(), hash.unwrap_or_else(|| PasswordHash(self.decoy.0.clone())));
        Ok(self.run(move || password::verify(&password, &hash.0)).await? && known)
    }

    /// A caller that goes away leaves its computation running, and its place taken until that ends.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, IdentityError> {
        let place = match self.admitted.clone().try_acquire_owned() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits) => return Err(IdentityError::Overloaded),
            Err(TryAcquireError::Closed) => return Err(LedgerError::Stopped.into()),
        };
        let turn = self.running.clone().acquire_owned().await.map_err(|_| LedgerError::Stopped)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((place, turn));
            done
        });
        Ok(done.await.map_err(|_| LedgerError::Stopped)?)
    }
}

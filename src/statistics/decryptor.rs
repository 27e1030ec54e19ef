//! The decryptor: the one holder of the Paillier secret key, with one operation. It draws the noise itself, adds it under
//! encryption, hides what was not asked, and only then decrypts; so no un-noised total exists, here or anywhere.
//!
//! No `Debug`, private fields; noise and plaintexts do not leave [`Decryptor::release`] and are wiped behind it.

use std::sync::Arc;

use crypto::paillier::{Ciphertext, Encryptor, PublicKey, SecretKey, Slots, offset};
use rand::CryptoRng;

use super::{
    Metric, StatisticsError,
    payload::{ReleaseAnswer, ReleaseParameters},
    plan::Plan,
};

/// Decrypts sums, with noise.
pub struct Decryptor {
    secret: SecretKey,
    encryptor: Arc<Encryptor>,
}

impl Decryptor {
    pub(super) fn new(secret: SecretKey) -> Self {
        Self { encryptor: Arc::new(Encryptor::new(secret.public())), secret }
    }

    /// The key that everyone else encrypts under.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        self.secret.public()
    }

    /// What vitals are encrypted with.
    pub(super) fn encryptor(&self) -> Arc<Encryptor> {
        self.encryptor.clone()
    }

    /// A noisy answer to a charged question. The caller stores it before anyone sees it, and never asks again then.
    /// Takes some 30 ms of computing at 3072 bits.
    pub(super) fn release(
        &self,
        asked: &ReleaseParameters,
        rng: &mut impl CryptoRng,
    ) -> Result<ReleaseAnswer, StatisticsError> {
        let metric = Metric::from_loinc(&asked.metric).ok_or(StatisticsError::OutOfRange)?;
        let plan = Plan::new(metric, asked.kind, asked.epsilon_milli);
        let sum = Ciphertext::parse(&asked.sum.ciphertext, self.public())?;

        let mut noise = Slots { count: plan.count.draw(rng)?, ..Slots::default() };
        if let Some(law) = plan.sum {
            noise.sum = law.draw(rng)?;
        }
        // The mask drowns the other slots in a uniform number 100 bits wider than all of them together.
        let (noise, mask) = (noise.pack()?, plan.reading().mask(rng));
        let key = self.public();
        let mut hidden = key.add(&sum, &self.encryptor.encrypt(&noise, rng)?)?;
        hidden = key.add(&hidden, &self.encryptor.encrypt(&mask, rng)?)?;
        let slots = self.secret.decrypt(&key.add_plain(&hidden, &offset())?)?.read(plan.reading())?;

        if plan.is_too_small(slots.count) {
            return Ok(ReleaseAnswer::CohortTooSmall);
        }
        Ok(ReleaseAnswer::Noisy { count: slots.count, sum: slots.sum })
    }
}

//! Time and randomness as parameters. This file alone asks the machine for them.

use std::{fmt, sync::Arc};

use rand::CryptoRng;

/// A source of wall time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now_ms(&self) -> i64 {
        chrono::Utc::now().timestamp_millis()
    }
}

/// What the costly parts cost. `serve` refuses less than [`Strength::PRODUCTION`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strength {
    /// bcrypt's cost, log2 of its rounds.
    pub bcrypt_cost: u32,
    /// Rounds of PBKDF2-HMAC-SHA256 over a master secret.
    pub pbkdf2_rounds: u32,
    /// Bits of the Paillier modulus n.
    pub paillier_bits: u32,
}

impl Strength {
    /// What a hospital runs with (OWASP's 600 000 rounds; n of 3072 bits is 128-bit security by NIST SP 800-57).
    pub const PRODUCTION: Self = Self { bcrypt_cost: 12, pbkdf2_rounds: 600_000, paillier_bits: 3072 };
    /// Small costs, for tests alone: such a server does not start.
    pub const TESTS: Self = Self { bcrypt_cost: 4, pbkdf2_rounds: 1_000, paillier_bits: 2048 };
}

/// What a room is given of the outside world: a clock, a cryptographic random generator, and what may be spent.
#[derive(Clone, Debug)]
pub struct Surroundings {
    clock: Arc<dyn Clock>,
    strength: Strength,
}

impl Surroundings {
    /// The machine's randomness with the given clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, strength: Strength) -> Self {
        Self { clock, strength }
    }

    /// The machine's clock and randomness.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self::new(Arc::new(SystemClock), Strength::PRODUCTION)
    }

    /// What the costly parts cost here.
    #[must_use]
    pub fn strength(&self) -> Strength {
        self.strength
    }

    /// Milliseconds since the epoch, UTC.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// A generator seeded by the operating system. Not to be held across an `await`.
    #[allow(clippy::disallowed_methods, reason = "the one place that takes the machine's randomness")]
    #[allow(clippy::unused_self, reason = "tests may bring their own generator here one day")]
    #[must_use]
    pub fn rng(&self) -> impl CryptoRng + use<> {
        rand::rng()
    }

    /// Random bytes, for nonces and tokens.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        rand::Rng::fill_bytes(&mut self.rng(), &mut bytes);
        bytes
    }

    /// A random (version 4) UUID: it tells nothing about time.
    #[must_use]
    pub fn uuid(&self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.random()).into_uuid()
    }
}

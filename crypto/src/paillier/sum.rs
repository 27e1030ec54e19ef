//! Sums of many ciphertexts.

use super::{Ciphertext, CiphertextRefused, PublicKey};

/// A running sum: one multiplication for each ciphertext. Sums of parts can be merged.
#[derive(Clone)]
pub struct Sum {
    key: PublicKey,
    product: Vec<u64>,
    /// Montgomery factors R⁻¹ in `product`, made good at the end.
    owed: u64,
}

impl Sum {
    /// The empty sum.
    #[must_use]
    pub fn new(key: &PublicKey) -> Self {
        Self { key: key.clone(), product: key.zero().limbs().to_vec(), owed: 0 }
    }

    /// Adds a ciphertext.
    ///
    /// # Errors
    /// A ciphertext of another key.
    pub fn add(&mut self, ciphertext: &Ciphertext) -> Result<(), CiphertextRefused> {
        self.key.ring().multiply(&mut self.product, ciphertext.of_key(&self.key)?);
        self.owed += 1;
        Ok(())
    }

    /// Adds another sum.
    ///
    /// # Errors
    /// A sum under another key.
    pub fn merge(&mut self, other: &Self) -> Result<(), CiphertextRefused> {
        if self.key.fingerprint() != other.key.fingerprint() {
            return Err(CiphertextRefused::OtherKey);
        }
        self.key.ring().multiply(&mut self.product, &other.product);
        self.owed += other.owed + 1;
        Ok(())
    }

    /// The ciphertext of the sum so far.
    #[must_use]
    pub fn total(&self) -> Ciphertext {
        let mut residue = self.key.ring().repair(self.owed);
        self.key.ring().multiply(&mut residue, &self.product);
        Ciphertext::of(residue, &self.key)
    }
}

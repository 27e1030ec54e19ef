//! Named secrets of other rooms that are kept in the key store: the checkpoint seed, the Paillier secret key.

use zeroize::Zeroizing;

use super::{Keyring, KeyringError, named, system};

impl Keyring {
    /// The secret of that name, or `None` where it was never made.
    ///
    /// # Errors
    /// Where the key store fails or the wrapped secret was changed.
    pub async fn secret(&self, name: &'static str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
        named(&self.store, name).await?.map(|row| system::open(&self.kek, &row)).transpose()
    }

    /// Keeps a new secret under a name; a second one of that name is refused by the key store.
    ///
    /// # Errors
    /// Where the key store fails or has that name.
    pub async fn keep_secret(&self, name: &'static str, secret: &[u8]) -> Result<(), KeyringError> {
        system::wrap(&self.store, &self.around, &self.kek, self.kek_version, name, secret).await
    }
}

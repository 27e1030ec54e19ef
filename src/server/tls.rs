//! TLS from PEM files, by rustls with the ring provider.

use std::{path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};
use thiserror::Error;

/// Why TLS can't be had from these files.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The certificate file.
    #[error("the certificate file must be readable and hold certificates in PEM: {0}")]
    Certificate(pem::Error),
    /// The key file.
    #[error("the key file must be readable and hold one private key in PEM: {0}")]
    Key(pem::Error),
    /// The two together.
    #[error("the certificate and the key do not make a TLS identity: {0}")]
    Identity(#[from] rustls::Error),
}

/// The server's TLS identity: a certificate chain, own certificate first, and its private key.
///
/// TLS 1.2 and 1.3, HTTP/1.1 only (see [`super::serve()`]).
///
/// # Errors
///
/// [`TlsError`] when a file can't be read, or the key is not the certificate's.
pub fn identity(certificates: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(TlsError::Certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(TlsError::Key)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

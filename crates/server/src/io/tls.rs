use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::Protocol;
use crate::{ServerError, Tls};

/// What answers TLS handshakes for `protocol`.
///
/// # Errors
/// [`ServerError::Tls`] for files that cannot be read or do not belong together.
pub(crate) fn acceptor(tls: &Tls, protocol: Protocol) -> Result<TlsAcceptor, ServerError> {
    let failed = |message: String| ServerError::Tls { message };
    let unreadable =
        |path: &Path, error: &dyn std::fmt::Display| failed(format!("{}: {error}", path.display()));
    let certificates = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&tls.certificate, &error))?;
    if certificates.is_empty() {
        return Err(unreadable(&tls.certificate, &"expected a certificate in PEM, got none"));
    }
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| unreadable(&tls.key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| failed(error.to_string()))?;
    config.alpn_protocols = vec![match protocol {
        Protocol::Http => b"http/1.1".to_vec(),
        Protocol::Grpc => b"h2".to_vec(),
    }];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use super::{Access, RemoteError, Target, Wire};

/// How a server is known, and what is spoken to it behind TLS.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: ServerName<'static>,
}

impl Tls {
    /// What `target` needs, where it needs TLS.
    pub(super) fn new(target: &Target, access: &Access) -> Result<Option<Self>, RemoteError> {
        if !target.tls {
            return Ok(None);
        }
        let refuse = |error: rustls::Error| RemoteError::Certificates { message: error.to_string() };
        let roots = match &access.tls_ca {
            Some(path) => from_file(path)?,
            None => usual()?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = versions.map_err(refuse)?.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![match target.wire {
            Wire::Http => b"http/1.1".to_vec(),
            Wire::Grpc => b"h2".to_vec(),
        }];
        let name = ServerName::try_from(target.host.clone()).map_err(|_| RemoteError::Url {
            url: target.to_string(),
            expected: "a server's name or address, as certificates have it",
        })?;
        Ok(Some(Self { config: Arc::new(config), name }))
    }
}

fn from_file(path: &Path) -> Result<RootCertStore, RemoteError> {
    let refuse = |error: &dyn std::fmt::Display| RemoteError::Certificates {
        message: format!("{:?}: {error}", path.display().to_string()),
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| refuse(&error))? {
        let certificate = certificate.map_err(|error| refuse(&error))?;
        roots.add(certificate).map_err(|error| refuse(&error))?;
    }
    if roots.is_empty() { Err(refuse(&"it holds none")) } else { Ok(roots) }
}

/// Those that the system trusts.
fn usual() -> Result<RootCertStore, RemoteError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(roots);
    }
    let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    let message = format!("the system has none that it trusts: {}", errors.join(", "));
    Err(RemoteError::Certificates { message })
}

//! HTTP behind TLS.

use std::io::Write;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use phalanx_measure::draw::Draw;
use phalanx_measure::remote::{
    Access, Arrivals, CONNECTIONS, OpenLoop, Profile, RemoteError, RequestOptions, Server,
};
use rcgen::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::NamedTempFile;

use crate::fake::{self, Reaction};

/// A server that is known by a certificate of its own for this name, and a file that holds it.
fn start(name: &str) -> (SocketAddr, NamedTempFile) {
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = signing_key.serialize_der().try_into().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(cert.pem().as_bytes()).unwrap();
    let wrap = move |stream| StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
    (fake::start_behind(wrap, |asked| Reaction::Send(asked.echo())), file)
}

fn ask(address: SocketAddr, ca: Option<&NamedTempFile>) -> Result<Server, RemoteError> {
    let access = Access { api_key: None, tls_ca: ca.map(|file| file.path().to_owned()) };
    Server::ask(format!("https://localhost:{}", address.port()).parse().unwrap(), access, "m", "")
}

#[test]
fn a_server_that_is_known_is_asked() {
    let (address, ca) = start("localhost");
    let server = ask(address, Some(&ca)).unwrap();
    let samples = server.draw(Draw::default()).unwrap();
    let generator = server.load(&samples, &RequestOptions::default()).unwrap();
    let plan = OpenLoop {
        profile: Profile::constant(200.0, Duration::from_millis(100)).unwrap(),
        arrivals: Arrivals::Constant,
        seed: 1,
        slo: None,
        connections: CONNECTIONS,
        missed_max: None,
    };
    let total = generator.open_loop(&plan, &mut |_, _| ControlFlow::Continue(())).unwrap().total;
    assert_eq!((total.due, total.answered), (20, 20), "{:?}", total.failures);
}

#[test]
fn a_server_that_is_not_known_is_not_asked() {
    let (address, ca) = start("another.example");
    for trusted in [None, Some(&ca)] {
        let error = ask(address, trusted).unwrap_err();
        assert!(
            matches!(error, RemoteError::Unreachable { .. } | RemoteError::Certificates { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_file_without_certificates_is_an_error() {
    let (address, _) = start("localhost");
    let empty = NamedTempFile::new().unwrap();
    let error = ask(address, Some(&empty)).unwrap_err();
    assert!(matches!(error, RemoteError::Certificates { .. }), "{error}");
}

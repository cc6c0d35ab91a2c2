use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::http::Connection;
use crate::models::{Folder, tiny};
use crate::program::{BACKEND, phalanx};
use crate::serving::Serving;

#[test]
fn only_who_has_a_key_may_ask() {
    let (folder, model) = tiny();
    let keys = folder.write("keys", "# ours\nfirst\n\n second \n");
    let serving = Serving::ready(&[&model, BACKEND, "--api-key-file", &keys]);
    let mut connection = serving.connect();
    let mut ask = |headers: &[(&str, &str)]| connection.ask("GET", "/v2/models/model", headers, b"").status;
    assert_eq!(ask(&[]), 401);
    assert_eq!(ask(&[("authorization", "Bearer third")]), 401);
    assert_eq!(ask(&[("authorization", "Bearer # ours")]), 401);
    for key in ["Bearer first", "Bearer second"] {
        assert_eq!(ask(&[("authorization", key)]), 200);
    }
    assert_eq!(connection.get("/v2/health/live").status, 200, "who supervises it has no key");
    serving.stop();
}

#[test]
fn files_of_keys_that_protect_nothing_are_refused() {
    let (folder, model) = tiny();
    let serve = |keys: &str| phalanx(&["serve", &model, "--http", "127.0.0.1:0", "--api-key-file", keys]);
    serve(&folder.path("none")).failed(&["there is no file", "none"]);
    let empty = folder.write("empty", "# no key\n\n");
    serve(&empty).failed(&["empty", "at least one API key"]).hint("a key a line");
    let blank = folder.write("blank", "one two\n");
    let ended = serve(&blank).failed(&["blank:1", "without blanks"]);
    assert!(!ended.stderr.contains("one two"), "a key is never told: {}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn keys_that_everybody_can_read_are_warned_of() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, model) = tiny();
    let keys = folder.write("keys", "one\n");
    for (mode, warned) in [(0o644, true), (0o600, false)] {
        std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(mode)).unwrap();
        let serving = Serving::ready(&[&model, BACKEND, "--api-key-file", &keys]);
        let said = serving.said.iter().any(|line| line.starts_with("warning: ") && line.contains("can read"));
        assert_eq!(said, warned, "{:?}", serving.said);
        serving.stop();
    }
}

#[test]
fn an_open_address_is_warned_of_unless_it_is_protected() {
    let (folder, model) = tiny();
    let keys = folder.write("keys", "one\n");
    let warned = |args: &[&str]| {
        let serving = Serving::ready(&[&[&*model, BACKEND], args].concat());
        let said = serving.said.iter().any(|line| line.starts_with("warning: everybody who reaches"));
        serving.stop();
        said
    };
    assert!(warned(&["--http", "0.0.0.0:0"]));
    assert!(warned(&["--grpc", "0.0.0.0:0"]));
    assert!(!warned(&["--http", "0.0.0.0:0", "--api-key-file", &keys]));
    assert!(!warned(&[]));
}

#[test]
fn tls_is_spoken_where_there_is_a_certificate() {
    let (folder, model) = tiny();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = folder.write("cert.pem", made.cert.pem());
    let key = folder.write("key.pem", made.signing_key.serialize_pem());
    let serving = Serving::ready(&[&model, BACKEND, "--tls-cert", &certificate, "--tls-key", &key]);
    assert!(serving.said.last().unwrap().contains("https://"), "{:?}", serving.said);
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = std::net::TcpStream::connect(serving.address("https")).unwrap();
    let mut connection = Connection::over(StreamOwned::new(session, stream));
    assert_eq!(connection.infer("model", [1.0; 4]).numbers(), [3.0; 4]);
    drop(connection);
    serving.stop();
}

#[test]
fn certificates_that_are_none_are_refused() {
    let folder: Folder = Folder::new();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = folder.write("cert.pem", made.cert.pem());
    let text = folder.write("text.pem", "no PEM");
    let key = folder.write("key.pem", other.signing_key.serialize_pem());
    let serve = |certificate: &str, key: &str| {
        phalanx(&["serve", "m.onnx", "--http", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key])
    };
    serve(&text, &key).failed(&["TLS", "text.pem"]).hint("PEM");
    serve(&certificate, &folder.path("none.pem")).failed(&["TLS", "none.pem"]);
    serve(&certificate, &key).failed(&["TLS"]).hint("that of the certificate");
}

//! What goes over HTTP, and what comes back.

use std::num::NonZeroUsize;
use std::sync::mpsc::channel;
use std::time::Duration;

use phalanx_measure::draw::Draw;
use phalanx_measure::remote::{Access, Format, RemoteError, RequestOptions, Server};
use phalanx_protocol::Parameter;
use phalanx_tensor::Shape;

use crate::fake::{self, Reaction, zeros};

#[test]
fn a_model_is_asked_for_and_described() {
    let address = fake::start(|asked| Reaction::Send(asked.echo()));
    let server = fake::server(address);
    assert_eq!(server.signature().inputs[0].to_string(), "x f32 [batch, 3]");
    let error = Server::ask(address.to_string().parse().unwrap(), Access::default(), "n", "").unwrap_err();
    let text = error.to_string();
    assert!(text.contains("\"n\"") && text.contains("HTTP 404: no such model"), "{text}");
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = Server::ask(unused.to_string().parse().unwrap(), Access::default(), "m", "").unwrap_err();
    assert!(matches!(error, RemoteError::Unreachable { .. }), "{error}");
}

#[test]
fn requests_say_what_they_were_told_to() {
    for format in [Format::Binary, Format::Json] {
        let (seen, saw) = channel();
        let address = fake::start(move |asked| {
            let request = &asked.request;
            let parameter = |name: &str| request.parameters.get(name).cloned();
            let key = fake::header(&asked.head, "authorization").map(str::to_owned);
            seen.send((asked.tensor().shape().clone(), parameter("timeout"), parameter("priority"), key))
                .unwrap();
            Reaction::Send(asked.echo())
        });
        let options = RequestOptions {
            format,
            rows: NonZeroUsize::new(4).unwrap(),
            timeout: Some(Duration::from_millis(20)),
            priority: Some(3),
            ..RequestOptions::default()
        };
        let access = Access { api_key: Some("secret".to_owned()), tls_ca: None };
        let server = Server::ask(address.to_string().parse().unwrap(), access, "m", "").unwrap();
        server.load(&server.draw(Draw::default()).unwrap(), &options).unwrap();
        let (shape, timeout, priority, key) = saw.recv().unwrap();
        assert_eq!(shape, Shape::from([4, 3]));
        assert_eq!((timeout, priority), (Some(Parameter::Int(20_000)), Some(Parameter::Int(3))));
        assert_eq!(key.as_deref(), Some("Bearer secret"));
    }
}

#[test]
fn a_first_answer_that_is_not_as_promised_is_an_error() {
    let first = |react: fn(&fake::Asked) -> Reaction| {
        let server = fake::server(fake::start(react));
        let samples = server.draw(Draw::default()).unwrap();
        server.load(&samples, &RequestOptions::default()).map(drop).unwrap_err().to_string()
    };
    let wrong_rows = first(|asked| Reaction::Send(asked.answer(zeros(2))));
    assert!(wrong_rows.contains("expected output y f32 [batch, 3], got f32 [2, 3]"), "{wrong_rows}");
    let refused = first(|_| Reaction::Send(fake::refusal("503 Service Unavailable", "", "loading")));
    assert!(refused.ends_with("HTTP 503: loading"), "{refused}");
    let rejected = first(|_| Reaction::Send(fake::refusal("400 Bad Request", "", "no")));
    assert!(rejected.ends_with("HTTP 400: no"), "{rejected}");
    let garbage = first(|_| Reaction::SendAndClose(b"+OK POP3\r\n".to_vec()));
    assert!(garbage.contains("malformed"), "{garbage}");
    let gone = first(|_| Reaction::SendAndClose(Vec::new()));
    assert!(gone.contains("closed before the answer"), "{gone}");
}

#[test]
fn keys_that_are_no_header_are_refused_without_being_shown() {
    let access = Access { api_key: Some("a\r\nb".to_owned()), tls_ca: None };
    let address = fake::start(|asked| Reaction::Send(asked.echo()));
    let error = Server::ask(address.to_string().parse().unwrap(), access, "m", "").unwrap_err();
    assert!(matches!(error, RemoteError::Option { option: "api-key", .. }), "{error}");
    assert!(!error.to_string().contains('b') || !error.to_string().contains("a\r"), "{error}");
}

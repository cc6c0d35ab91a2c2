//! The same over gRPC.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Response};
use phalanx_measure::draw::Draw;
use phalanx_measure::remote::{
    Access, Arrivals, CONNECTIONS, LoadReport, OpenLoop, Profile, RemoteError, RequestOptions, Server,
};
use phalanx_protocol::grpc::{self, proto};
use phalanx_protocol::{InferOutput, InferResponse, InputData, Limits, OutputData, Parameter, Parameters};
use prost::Message;

use crate::fake::zeros;

/// What a fake server does with a call.
enum Reaction {
    Answer(Vec<u8>),
    Status(&'static str, &'static str),
    Reset(h2::Reason),
    /// Ends the connection.
    Leave,
}

type React = dyn Fn(usize, &str, Bytes) -> Reaction + Send + Sync;

/// Starts a server of which every reaction is a test's. It ends with the test's process.
fn start(react: impl Fn(usize, &str, Bytes) -> Reaction + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (react, count): (Arc<React>, _) = (Arc::new(react), Arc::new(AtomicUsize::new(0)));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (react, count) = (Arc::clone(&react), Arc::clone(&count));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                // A client that leaves is no failure of the test.
                drop(runtime.block_on(serve(stream.unwrap(), react, count)));
            });
        }
    });
    address
}

async fn serve(stream: TcpStream, react: Arc<React>, count: Arc<AtomicUsize>) -> Result<(), h2::Error> {
    stream.set_nonblocking(true).unwrap();
    let socket = Arc::new(stream.try_clone().unwrap());
    let stream = tokio::net::TcpStream::from_std(stream).unwrap();
    let mut connection = h2::server::handshake(stream).await?;
    while let Some(call) = connection.accept().await {
        let (request, respond) = call?;
        let (react, count, socket) = (Arc::clone(&react), Arc::clone(&count), Arc::clone(&socket));
        tokio::spawn(async move {
            let path = request.uri().path().to_owned();
            let mut body = request.into_body();
            let mut message = BytesMut::new();
            while let Some(part) = body.data().await {
                message.extend_from_slice(&part.unwrap());
            }
            let number = count.fetch_add(1, Ordering::SeqCst);
            let done = match react(number, &path, message.freeze().split_off(5)) {
                Reaction::Leave => {
                    socket.shutdown(Shutdown::Both).unwrap();
                    Ok(())
                }
                Reaction::Reset(reason) => {
                    reset(respond, reason);
                    Ok(())
                }
                Reaction::Status(code, text) => trailers_only(respond, code, text),
                Reaction::Answer(message) => answer(respond, &message),
            };
            // A connection that ended takes its calls with it.
            drop(done);
        });
    }
    Ok(())
}

fn reset(mut respond: SendResponse<Bytes>, reason: h2::Reason) {
    respond.send_reset(reason);
}

fn trailers_only(mut respond: SendResponse<Bytes>, code: &str, text: &str) -> Result<(), h2::Error> {
    let response = Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", code)
        .header("grpc-message", text)
        .header("grpc-retry-pushback-ms", "250")
        .body(())
        .unwrap();
    respond.send_response(response, true).map(drop)
}

fn answer(mut respond: SendResponse<Bytes>, message: &[u8]) -> Result<(), h2::Error> {
    let response = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
    let mut stream = respond.send_response(response, false)?;
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.put_slice(message);
    // In two parts, as a network may deliver it.
    let rest = framed.split_off(3);
    stream.send_data(framed.freeze(), false)?;
    stream.send_data(rest.freeze(), false)?;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    stream.send_trailers(trailers)
}

/// The model's description, or its input given back.
fn usual(path: &str, message: Bytes) -> Reaction {
    let tensor = |name: &str| proto::model_metadata_response::TensorMetadata {
        name: name.to_owned(),
        datatype: "FP32".to_owned(),
        shape: vec![-1, 3],
    };
    if path.ends_with("/ModelMetadata") {
        let metadata = proto::ModelMetadataResponse {
            name: "m".to_owned(),
            inputs: vec![tensor("x")],
            outputs: vec![tensor("y")],
            ..Default::default()
        };
        return Reaction::Answer(metadata.encode_to_vec());
    }
    assert_eq!(path, "/inference.GRPCInferenceService/ModelInfer");
    let request = grpc::decode_request(grpc::parse(message).unwrap(), &Limits::default()).unwrap();
    assert_eq!(request.parameters.get("timeout"), Some(&Parameter::Int(20_000)));
    match &request.inputs[0].data {
        InputData::Tensor(tensor) => Reaction::Answer(response(tensor.clone())),
        other => panic!("expected a tensor, got {other:?}"),
    }
}

fn response(tensor: phalanx_tensor::Tensor) -> Vec<u8> {
    let output = InferOutput { name: "y".into(), data: OutputData::Binary(tensor) };
    let response = InferResponse {
        model_name: "m".into(),
        model_version: "1".into(),
        id: "".into(),
        parameters: Parameters::default(),
        outputs: std::iter::once(output).collect(),
    };
    grpc::encode_response(response).unwrap().encode_to_vec()
}

fn ask(address: SocketAddr) -> Result<Server, RemoteError> {
    Server::ask(format!("grpc://{address}").parse().unwrap(), Access::default(), "m", "")
}

fn load(address: SocketAddr) -> LoadReport {
    let server = ask(address).unwrap();
    let options = RequestOptions {
        rows: NonZeroUsize::new(2).unwrap(),
        timeout: Some(Duration::from_millis(20)),
        ..RequestOptions::default()
    };
    let generator = server.load(&server.draw(Draw::default()).unwrap(), &options).unwrap();
    let plan = OpenLoop {
        profile: Profile::constant(400.0, Duration::from_millis(200)).unwrap(),
        arrivals: Arrivals::Constant,
        seed: 1,
        slo: None,
        connections: CONNECTIONS,
        missed_max: None,
    };
    generator.open_loop(&plan, &mut |_, _| ControlFlow::Continue(())).unwrap()
}

#[test]
fn requests_are_answered() {
    let total = load(start(|_, path, message| usual(path, message))).total;
    assert_eq!((total.due, total.answered, total.failed), (80, 80, 0), "{:?}", total.failures);
}

#[test]
fn statuses_are_refusals_or_errors() {
    // The first two calls ask for the model and its first answer.
    let address = start(|number, path, message| match number % 4 {
        _ if number < 4 => usual(path, message),
        1 => Reaction::Status("8", "queue%20of%20128%20is%20full"),
        2 => Reaction::Status("13", "broken"),
        3 => Reaction::Reset(h2::Reason::REFUSED_STREAM),
        _ => usual(path, message),
    });
    let total = load(address).total;
    assert_eq!(total.due, 80);
    let refused: Vec<_> = total.refusals.iter().map(|kind| (&*kind.status, &*kind.reason)).collect();
    assert!(refused.contains(&("gRPC RESOURCE_EXHAUSTED", "queue of # is full")), "{refused:?}");
    assert!(refused.contains(&("gRPC UNAVAILABLE", "the stream was refused")), "{refused:?}");
    let exhausted = total.refusals.iter().find(|kind| kind.status == "gRPC RESOURCE_EXHAUSTED").unwrap();
    assert_eq!((exhausted.retry_after_s, exhausted.with_retry_after), (Some([0.25; 2]), exhausted.count));
    assert_eq!((&*total.failures[0].kind, total.failures.len()), ("gRPC INTERNAL", 1));
    assert_eq!(total.answered + total.refused + total.failed, 80);
    assert!(total.failed == 19 || total.failed == 20, "{}", total.failed);
}

#[test]
fn a_connection_that_ends_is_an_error_and_replaced() {
    let address = start(|number, path, message| match number {
        10 => Reaction::Leave,
        _ => usual(path, message),
    });
    let total = load(address).total;
    assert_eq!(total.due, 80);
    assert!(total.failed >= 1 && total.answered >= 1, "{total:?}");
    assert!(total.failures.iter().all(|failure| failure.kind == "broken"), "{:?}", total.failures);
    assert_eq!(total.answered + total.failed, 80);
}

#[test]
fn answers_that_are_too_short_are_errors() {
    let address = start(|number, path, message| match number {
        0 | 1 => usual(path, message),
        _ => Reaction::Answer(response(zeros(0))),
    });
    let total = load(address).total;
    assert_eq!((total.answered, total.failed), (0, 80));
    let kinds: Vec<_> = total.failures.iter().map(|failure| (&*failure.kind, failure.count)).collect();
    assert_eq!(kinds, [("wrong length", 80)]);
}

#[test]
fn a_model_that_is_not_there_is_an_error() {
    let error = ask(start(|_, _, _| Reaction::Status("5", "no%20such%20model"))).unwrap_err();
    assert!(error.to_string().ends_with("gRPC NOT_FOUND: no such model"), "{error}");
}

#[test]
fn what_speaks_another_protocol_is_an_error() {
    let address = crate::fake::start(|asked| crate::fake::Reaction::Send(asked.echo()));
    let error = ask(address).unwrap_err();
    assert!(matches!(error, RemoteError::Metadata { .. } | RemoteError::Unreachable { .. }), "{error}");
}

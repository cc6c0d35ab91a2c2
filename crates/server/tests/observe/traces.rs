//! Traces as a collector gets them.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Response};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use phalanx_server::observe::{LogError, LogOptions, init, log_level, set_log_level};
use prost::Message;
use tokio::net::TcpListener;

use crate::served::Running;

/// A collector, and the spans it is sent.
fn collector() -> (SocketAddr, Receiver<Span>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let (spans, received) = channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { collect(TcpListener::from_std(listener).unwrap(), spans).await });
    });
    (address, received)
}

/// Answers one connection's calls of `TraceService.Export`.
async fn collect(listener: TcpListener, spans: Sender<Span>) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let spans = spans.clone();
        tokio::spawn(async move {
            assert_eq!(request.uri().path(), "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
            let mut body = request.into_body();
            let mut message = BytesMut::new();
            while let Some(part) = body.data().await {
                message.extend_from_slice(&part.unwrap());
            }
            // One byte says that it is not compressed, four how long it is.
            message.advance(5);
            let request = ExportTraceServiceRequest::decode(message).unwrap();
            let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            scopes.flat_map(|scope| scope.spans).for_each(|span| spans.send(span).unwrap());
            let head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
            let mut answer = respond.send_response(head, false).unwrap();
            answer.send_data(Bytes::from_static(&[0; 5]), false).unwrap();
            answer.send_trailers(HeaderMap::from_iter([("grpc-status".parse().unwrap(), 0.into())])).unwrap();
        });
    }
}

fn value(span: &Span, key: &str) -> Value {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key);
    attribute.unwrap_or_else(|| panic!("{key} in {span:?}")).value.clone().unwrap().value.unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_request_is_traced_if_its_sender_says_so() {
    let (address, spans) = collector();
    let options = LogOptions {
        level: "off".to_owned(),
        otlp_endpoint: Some(format!("http://{address}")),
        trace_rate: 0.0,
        ..LogOptions::default()
    };
    let logging = init(&options).unwrap();
    assert!(matches!(init(&LogOptions::default()), Err(LogError::AlreadyLogging)));
    let running = Running::start(&[]);
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    for (rows, sampled) in [(1, "01"), (2, "00"), (0, "01")] {
        running.infer_with(rows, &[("traceparent", &format!("00-{trace}-{parent}-{sampled}"))]);
    }
    running.infer(3);
    drop(logging);
    // What was collected had been sent here before the collector said so.
    let spans: Vec<Span> = spans.try_iter().collect();
    assert_eq!(spans.len(), 2, "{spans:?}");
    for span in &spans {
        assert_eq!((hex(&span.trace_id), hex(&span.parent_span_id)), (trace.to_owned(), parent.to_owned()));
        assert_eq!(span.name, "infer");
        assert_eq!(value(span, "model"), Value::StringValue("copy".to_owned()));
        assert_eq!(value(span, "transport"), Value::StringValue("http".to_owned()));
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    }
    assert_eq!(value(&spans[0], "rows"), Value::IntValue(1));
    assert_eq!(value(&spans[0], "batch_rows"), Value::IntValue(1));
    assert_eq!(spans[0].status.clone().unwrap_or_default().code, 0);
    assert_eq!(spans[1].status.clone().unwrap_or_default().code, 2, "the refused one: {:?}", spans[1]);
    assert_eq!(log_level().as_deref(), Some("off"));
    set_log_level("error,phalanx_server=off").unwrap();
    assert_eq!(log_level().as_deref(), Some("error,phalanx_server=off"));
    assert!(matches!(set_log_level("loud"), Err(LogError::Level { .. })));
}

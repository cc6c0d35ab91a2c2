use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use phalanx_protocol::grpc::proto::grpc_inference_service_client::GrpcInferenceServiceClient;
use tokio::net::TcpStream;
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::codegen::Service;

/// One connection, for a client made from the service's definition.
#[derive(Clone)]
pub(crate) struct Channel {
    connection: SendRequest<Body>,
    origin: http::Uri,
}

/// What came back of a call made by hand.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) http_status: u16,
    /// Headers, and trailers where there were any.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Channel {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (connection, driver) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        Self { connection, origin: format!("http://{address}").parse().unwrap() }
    }

    pub(crate) fn client(&self) -> GrpcInferenceServiceClient<Self> {
        GrpcInferenceServiceClient::with_origin(self.clone(), self.origin.clone())
    }

    /// Calls `method` with whatever `body` is.
    pub(crate) async fn raw(
        &self,
        method: &str,
        headers: &[(&'static str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Raw {
        self.send(method, headers, Body::new(http_body_util::Full::from(body.into()))).await
    }

    /// Calls `method` with `begun`, after which nothing more comes.
    pub(crate) async fn unfinished(&self, method: &str, begun: Vec<u8>) -> Raw {
        let begun = tokio_stream::once(Ok::<_, Infallible>(Frame::data(Bytes::from(begun))));
        let body = begun.chain(tokio_stream::pending());
        self.send(method, &[], Body::new(StreamBody::new(body))).await
    }

    async fn send(&self, method: &str, headers: &[(&'static str, &str)], body: Body) -> Raw {
        let uri = format!("{}inference.GRPCInferenceService/{method}", self.origin);
        let mut request =
            Request::post(uri).header("content-type", "application/grpc").header("te", "trailers");
        for (name, value) in headers {
            request.headers_mut().unwrap().insert(*name, value.parse().unwrap());
        }
        let response = self.connection.clone().send_request(request.body(body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap();
        let mut headers = head.headers;
        headers.extend(body.trailers().cloned().unwrap_or_default());
        Raw { http_status: head.status.as_u16(), headers, body: body.to_bytes().to_vec() }
    }
}

impl Raw {
    /// The call's status by its number, and what it says.
    pub(crate) fn status(&self) -> (i32, String) {
        let text = |name: &str| self.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        (text("grpc-status").parse().unwrap_or(-1), text("grpc-message"))
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connection.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.connection.send_request(request))
    }
}

/// `message` behind its prefix, as gRPC frames it.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let len = u32::try_from(message.len()).unwrap();
    [&[0], &len.to_be_bytes()[..], message].concat()
}

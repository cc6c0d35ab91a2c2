use std::convert::Infallible;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Request, Response};
use hyper::body::Incoming;
use phalanx_protocol::Limits;

use super::calls::{Call, Calls};
use super::reply::{self, Left, ReplyBody};
use super::{extensions, infer, status, stream};
use crate::ServeError;
use crate::http::auth;
use crate::io::Endpoint;
use crate::observe::{request_span, traced};

const SERVICE: &str = "/inference.GRPCInferenceService/";
/// Whoever watches over the server may ask these without a key.
const OPEN: [&str; 2] = ["ServerLive", "ServerReady"];

/// Answers what comes over one connection.
pub(super) struct Front {
    pub(super) endpoint: Endpoint,
    pub(super) limits: Limits,
    calls: Arc<Calls>,
}

impl Front {
    pub(super) fn new(endpoint: Endpoint, calls: Arc<Calls>) -> Self {
        Self { endpoint, limits: Limits::default(), calls }
    }

    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<ReplyBody>, Infallible> {
        let mut call = self.calls.open();
        let reply = match self.call(request, &mut call).await {
            Ok(reply) => reply,
            Err(error) => {
                call.end(status::code(&error));
                reply::failed(&error)
            }
        };
        Ok(reply.map(|left| ReplyBody::new(left, call)))
    }

    async fn call(
        self: &Arc<Self>,
        request: Request<Incoming>,
        call: &mut Call,
    ) -> Result<Response<Left>, ServeError> {
        let (head, body) = request.into_parts();
        if !is_grpc(&head.headers) {
            return Ok(reply::not_grpc());
        }
        let path = head.uri.path();
        let unknown = || ServeError::Unsupported { what: format!("the call {path:?}") };
        let method = path.strip_prefix(SERVICE).ok_or_else(unknown)?;
        if !OPEN.contains(&method) {
            auth::check(&head.headers, &self.endpoint.context.options.api_keys)?;
        }
        match method {
            "ModelInfer" => {
                let span = request_span(&head.headers, "grpc");
                if span.is_none() {
                    return infer::answer(self, &head.headers, body, call).await;
                }
                Box::pin(traced(span, infer::answer(self, &head.headers, body, call))).await
            }
            "ModelStreamInfer" => stream::answer(self, &head.headers, body, call),
            _ => Box::pin(extensions::answer(self, method, &head.headers, body, call)).await,
        }
    }
}

/// Whether messages are in protobuf, as the protocol's are.
fn is_grpc(headers: &HeaderMap) -> bool {
    let said = headers.get(CONTENT_TYPE).and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    said.is_some_and(|rest| matches!(rest, b"" | b"+proto") || rest.starts_with(b";"))
}

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Method, Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tower_service::Service;

use super::{body, infer, path, reply};
use crate::ServeError;
use crate::io::{Endpoint, Phase, Progress};
use crate::observe::{request_span, traced};

/// What a reply's body is: whole, or as the router made it.
pub(crate) type ReplyBody = Either<Full<Bytes>, Body>;

/// Answers what comes over one connection.
pub(crate) struct Front {
    endpoint: Endpoint,
    progress: Arc<Progress>,
}

impl Front {
    pub(crate) fn new(endpoint: Endpoint, progress: Arc<Progress>) -> Self {
        Self { endpoint, progress }
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<ReplyBody> {
        let mut response = match path::inference(request.uri().path()) {
            Some((model, version)) if request.method() == Method::POST => {
                let span = request_span(request.headers(), "http");
                let answer = infer::answer(&self.endpoint, &self.progress, request, &model, &version);
                let answer = traced(span, answer).await;
                answer.unwrap_or_else(|error| reply::error(&error)).map(Full::new).map(Either::Left)
            }
            _ => {
                let answer = self.route(request).await;
                answer.unwrap_or_else(|error| reply::error(&error).map(Body::from)).map(Either::Right)
            }
        };
        self.endpoint.context.observed.traffic.count_http(response.status());
        if self.endpoint.context.is_stopping() {
            // The client opens another connection for its next request, to a server that is not stopping.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        self.progress.enter(Phase::Reply);
        response
    }

    async fn route(&self, request: Request<Incoming>) -> Result<Response<Body>, ServeError> {
        let context = &self.endpoint.context;
        let (head, incoming) = request.into_parts();
        self.progress.enter(Phase::Body);
        let mut in_flight = context.reserve(0)?;
        let bytes = body::read(incoming, &mut in_flight, context.options.limits.request_bytes_max).await?;
        // Loading a model, for one, may take longer than a client may take to send.
        self.progress.enter(Phase::Working);
        let mut router = self.endpoint.router.clone();
        match router.call(Request::from_parts(head, Body::from(bytes))).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }
}

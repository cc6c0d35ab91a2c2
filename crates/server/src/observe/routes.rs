use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};

use super::live::Live;
use super::metrics;
use super::openapi::DOCUMENT;
use super::snapshot::Snapshot;
use crate::ServeError;
use crate::context::Context;
use crate::http::{auth, reply};
use crate::page;

/// What is for people and for Prometheus, and no part of the protocol.
pub(crate) fn router(context: &Arc<Context>) -> Router {
    let watching = Router::new()
        .route("/metrics", get(metrics_text))
        .route("/-/live", get(live))
        .route("/docs/openapi.json", get(document))
        .layer(from_fn_with_state(Arc::clone(context), with_key))
        .with_state(Arc::clone(context));
    page::router().merge(watching)
}

/// Everything that is counted, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "watching",
    responses(
        (status = 200, content_type = "text/plain", body = String, description = "In Prometheus' text format, or in OpenMetrics' where that is accepted."),
        (status = 401, description = "A key is needed."),
    )
)]
pub(super) async fn metrics_text(State(context): State<Arc<Context>>, headers: HeaderMap) -> Response {
    match metrics::write(Snapshot::take(&context), &headers) {
        Ok((kind, text)) => ([(CONTENT_TYPE, kind)], text).into_response(),
        Err(error) => failed("metrics", &error),
    }
}

/// Everything that is counted, for the live page. What is in it may change with any version.
#[utoipa::path(
    get,
    path = "/-/live",
    tag = "watching",
    responses((status = 200, description = "Counted since the start."), (status = 401, description = "A key is needed."))
)]
pub(super) async fn live(State(context): State<Arc<Context>>) -> Response {
    let now = HeaderValue::from_static("no-store");
    ([(CACHE_CONTROL, now)], Json(Live::from(Snapshot::take(&context)))).into_response()
}

/// This description.
#[utoipa::path(
    get,
    path = "/docs/openapi.json",
    tag = "watching",
    responses((status = 200, description = "An OpenAPI document."), (status = 401, description = "A key is needed."))
)]
pub(super) async fn document() -> Response {
    match &*DOCUMENT {
        Ok(text) => {
            ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], text.as_str()).into_response()
        }
        Err(error) => failed("the OpenAPI document", error),
    }
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> Response {
    refusal(&ServeError::Failed { message: format!("{what} cannot be written: {error}") })
}

fn refusal(error: &ServeError) -> Response {
    reply::error(error).map(axum::body::Body::from)
}

async fn with_key(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    match auth::check(request.headers(), &context.options.api_keys) {
        Ok(()) => next.run(request).await,
        Err(error) => refusal(&error),
    }
}

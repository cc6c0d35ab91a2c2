use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use phalanx_protocol::ProtocolError;
use phalanx_protocol::rest::metadata::ErrorBody;

use crate::ServeError;
use crate::http::reply;

/// A request that failed.
pub(super) struct Refusal(pub(super) ServeError);

impl From<ServeError> for Refusal {
    fn from(error: ServeError) -> Self {
        Self(error)
    }
}

impl From<ProtocolError> for Refusal {
    fn from(error: ProtocolError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        reply::error(&self.0).map(Body::from)
    }
}

/// A failure that only HTTP knows.
pub(super) fn with_status(status: StatusCode, error: &str) -> Response {
    (status, Json(ErrorBody { error: error.to_owned() })).into_response()
}

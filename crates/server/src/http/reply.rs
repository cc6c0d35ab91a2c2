use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use phalanx_protocol::ProtocolError;

use crate::ServeError;

/// The status that says what kind of error this is.
pub(crate) fn status(error: &ServeError) -> StatusCode {
    match error {
        ServeError::NoSuchModel { .. } | ServeError::NoSuchVersion { .. } => StatusCode::NOT_FOUND,
        ServeError::Protocol(_) | ServeError::Invalid { .. } | ServeError::SharedMemory(_) => {
            StatusCode::BAD_REQUEST
        }
        ServeError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        ServeError::Overloaded { .. } => StatusCode::TOO_MANY_REQUESTS,
        ServeError::TooLate { by_client: true, .. } => StatusCode::GATEWAY_TIMEOUT,
        ServeError::TooLate { by_client: false, .. } | ServeError::Stopping | ServeError::NotReady { .. } => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        ServeError::Unauthorized => StatusCode::UNAUTHORIZED,
        ServeError::Forbidden { .. } => StatusCode::FORBIDDEN,
        // Triton says 400 to what it does not have; its clients show the text then.
        ServeError::Unsupported { .. } => StatusCode::BAD_REQUEST,
        ServeError::Poisonous { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        ServeError::Failed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The answer to a request that failed: `{"error": "..."}`, with the time to come back after where there is one.
pub(crate) fn error(error: &ServeError) -> Response<Bytes> {
    let body = serde_json::json!({ "error": error.to_string() }).to_string();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status(error);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(after) = error.retry_after() {
        headers.insert(RETRY_AFTER, retry_after(after));
        headers.insert(
            "retry-after-ms",
            HeaderValue::from(u64::try_from(after.as_millis()).unwrap_or(u64::MAX).max(1)),
        );
    }
    if *error == ServeError::Unauthorized {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// The header knows whole seconds alone.
fn retry_after(after: Duration) -> HeaderValue {
    HeaderValue::from(after.as_secs() + u64::from(after.subsec_nanos() > 0))
}

impl From<ServeError> for Response<Bytes> {
    fn from(failed: ServeError) -> Self {
        error(&failed)
    }
}

/// A header that has to be a number.
pub(super) fn number(name: &str, value: &HeaderValue) -> Result<usize, ServeError> {
    let text = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    text.ok_or_else(|| {
        ServeError::Protocol(ProtocolError::Field {
            field: name.to_owned(),
            expected: "a number of bytes".to_owned(),
            got: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overloaded_server_says_when_to_come_back() {
        let response = error(&ServeError::Overloaded { retry_after: Duration::from_millis(1200) });
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "2");
        assert_eq!(response.headers()["retry-after-ms"], "1200");
        assert!(std::str::from_utf8(response.body()).unwrap().starts_with("{\"error\":\"overloaded"));
    }
}

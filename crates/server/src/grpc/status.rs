use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::ServeError;

/// The code that says what kind of error this is.
pub(super) fn code(error: &ServeError) -> Code {
    match error {
        ServeError::NoSuchModel { .. } | ServeError::NoSuchVersion { .. } => Code::NotFound,
        ServeError::Protocol(_) | ServeError::Invalid { .. } | ServeError::SharedMemory(_) => {
            Code::InvalidArgument
        }
        // What gRPC's own libraries say of messages that are too large.
        ServeError::TooLarge { .. } | ServeError::Overloaded { .. } => Code::ResourceExhausted,
        ServeError::TooLate { by_client: true, .. } => Code::DeadlineExceeded,
        ServeError::TooLate { by_client: false, .. } => Code::ResourceExhausted,
        ServeError::Stopping | ServeError::NotReady { .. } => Code::Unavailable,
        ServeError::Unauthorized => Code::Unauthenticated,
        ServeError::Forbidden { .. } => Code::PermissionDenied,
        ServeError::Unsupported { .. } => Code::Unimplemented,
        ServeError::Poisonous { .. } => Code::FailedPrecondition,
        ServeError::Failed { .. } => Code::Internal,
    }
}

/// The status of a call that failed, with the time to come back after where there is one.
pub(super) fn status(error: &ServeError) -> Status {
    let mut metadata = MetadataMap::new();
    if let Some(after) = error.retry_after() {
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX).max(1);
        metadata.insert("retry-after-ms", MetadataValue::from(after_ms));
    }
    Status::with_metadata(code(error), error.to_string(), metadata)
}

/// The same, behind answers that did not.
pub(super) fn trailers(error: &ServeError) -> HeaderMap {
    let mut trailers = status(error).into_http::<()>().into_parts().0.headers;
    trailers.remove(CONTENT_TYPE);
    trailers
}

/// The trailer of a call that did not fail.
pub(super) const OK: HeaderValue = HeaderValue::from_static("0");

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_overloaded_server_says_when_to_come_back() {
        let status = status(&ServeError::Overloaded { retry_after: Duration::from_millis(1200) });
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status.metadata().get("retry-after-ms").unwrap(), "1200");
    }
}

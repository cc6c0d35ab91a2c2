use phalanx_protocol::grpc::CODES;
use std::fmt;
use std::time::Duration;

use phalanx_protocol::InferResponse;

/// What a server did with a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// It answered; the answer is there where it was wanted.
    Answered(Option<Box<InferResponse>>),
    /// It said that it could not take this one.
    Refused(Refusal),
}

/// A request that the server did not take, and said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: Status,
    /// Why, in its own words.
    pub(crate) reason: String,
    /// When it may be tried again.
    pub(crate) retry_after: Option<Duration>,
}

/// A status that a server answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Http(u16),
    Grpc(u32),
}

impl Status {
    /// Whether it says that the server could not take this request now, or not in time, and another may fare better.
    pub(crate) fn refuses(self) -> bool {
        match self {
            // Too many requests, service unavailable, gateway timeout.
            Self::Http(status) => matches!(status, 429 | 503 | 504),
            // Deadline exceeded, resource exhausted, unavailable.
            Self::Grpc(status) => matches!(status, 4 | 8 | 14),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(status) => write!(f, "HTTP {status}"),
            Self::Grpc(status) => match CODES.get(*status as usize) {
                Some(name) => write!(f, "gRPC {name}"),
                None => write!(f, "gRPC {status}"),
            },
        }
    }
}

/// Why a request has no answer that counts.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("failed to connect: {message}")]
    Connect { message: String },
    #[error("the connection broke: {message}")]
    Broken { message: String },
    #[error("the connection was closed before the answer began")]
    ClosedBefore,
    #[error("the connection was closed in the middle of the answer")]
    ClosedWithin,
    #[error("the answer is malformed: {message}")]
    Malformed { message: String },
    #[error("{status}: {message}")]
    Status { status: Status, message: String },
    #[error("the answer has {got} bytes of tensors, expected {expected}")]
    Length { expected: usize, got: usize },
    #[error("the answer to the same request changed: {message}")]
    Changed { message: String },
    #[error("no answer came in time")]
    NoAnswer,
}

impl Failure {
    /// The heading under which it is counted: few, whatever a server says.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Connect { .. } => "connect".to_owned(),
            Self::Broken { .. } => "broken".to_owned(),
            Self::ClosedBefore => "closed before the answer".to_owned(),
            Self::ClosedWithin => "closed within the answer".to_owned(),
            Self::Malformed { .. } => "malformed".to_owned(),
            Self::Status { status, .. } => status.to_string(),
            Self::Length { .. } => "wrong length".to_owned(),
            Self::Changed { .. } => "changed answer".to_owned(),
            Self::NoAnswer => "no answer".to_owned(),
        }
    }

    /// Something that is not as the protocol says.
    pub(crate) fn malformed(message: impl fmt::Display) -> Self {
        Self::Malformed { message: message.to_string() }
    }

    /// A connection on which reading or writing failed.
    pub(crate) fn broken(error: impl fmt::Display) -> Self {
        Self::Broken { message: error.to_string() }
    }
}

/// What came of one request that was due.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answered,
    Refused(Refusal),
    Failed(Failure),
    /// Its time was over before there was a connection to send it on.
    NotSent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_fare_better_later_is_a_refusal() {
        let refusing = |statuses: &[u16]| statuses.iter().all(|&status| Status::Http(status).refuses());
        assert!(refusing(&[429, 503, 504]) && ![200, 400, 404, 408, 500].into_iter().any(|s| refusing(&[s])));
        assert!([4, 8, 14].into_iter().all(|code| Status::Grpc(code).refuses()));
        assert!(![0, 1, 3, 13].into_iter().any(|code| Status::Grpc(code).refuses()));
    }

    #[test]
    fn statuses_have_names() {
        assert_eq!(Status::Grpc(8).to_string(), "gRPC RESOURCE_EXHAUSTED");
        assert_eq!(Status::Grpc(99).to_string(), "gRPC 99");
        let failure = Failure::Status { status: Status::Http(500), message: "x".repeat(9) };
        assert_eq!(failure.kind(), "HTTP 500");
    }
}

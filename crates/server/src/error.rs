use std::net::SocketAddr;
use std::time::Duration;

use compact_str::CompactString;
use phalanx_engine::EngineError;
use phalanx_protocol::ProtocolError;
use phalanx_shm::ShmError;

/// Every way in which a request can fail to be answered with outputs.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// No model has this name.
    #[error("there is no model {model:?}")]
    NoSuchModel {
        /// The name.
        model: CompactString,
    },
    /// The model has no such version.
    #[error("model {model:?} has no version {version:?}")]
    NoSuchVersion {
        /// The model's name.
        model: CompactString,
        /// The version asked for.
        version: CompactString,
    },
    /// The model cannot answer now.
    #[error("model {model:?} is not ready: {reason}")]
    NotReady {
        /// The model's name.
        model: CompactString,
        /// Why.
        reason: String,
    },
    /// The message is not one of the protocol's.
    #[error("{0}")]
    Protocol(#[from] ProtocolError),
    /// The message is one, but does not fit.
    #[error("{what}: expected {expected}, got {got}")]
    Invalid {
        /// Which part of the request.
        what: String,
        /// What would do.
        expected: String,
        /// What came.
        got: String,
    },
    /// Shared memory cannot be used so.
    #[error("{0}")]
    SharedMemory(#[from] ShmError),
    /// Something is larger than the server takes.
    #[error("{what} is larger than the {max} bytes that are allowed")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// More is asked of the server than it can do.
    #[error("overloaded; try again in {retry_after:?}")]
    Overloaded {
        /// When there will be room.
        retry_after: Duration,
    },
    /// The answer would come too late.
    #[error("the answer would come {retry_after:?} too late")]
    TooLate {
        /// How much later it would have come.
        retry_after: Duration,
        /// Whether the time was set by the client, rather than by the model's SLO.
        by_client: bool,
    },
    /// The request takes down what runs it, and is never run again.
    #[error("{message}")]
    Poisonous {
        /// What happened.
        message: String,
    },
    /// The server is stopping.
    #[error("the server is shutting down")]
    Stopping,
    /// No key, or none of those that are known.
    #[error("a valid API key is needed, as `authorization: Bearer KEY`")]
    Unauthorized,
    /// The server was told not to do this.
    #[error("{what} is not allowed; the server was started without {option}")]
    Forbidden {
        /// What.
        what: &'static str,
        /// The option that allows it.
        option: &'static str,
    },
    /// A part of the protocol that this server does not have.
    #[error("{what} is not supported")]
    Unsupported {
        /// What.
        what: String,
    },
    /// The model could not be run, or loaded.
    #[error("{message}")]
    Failed {
        /// What the runtime or the system said.
        message: String,
    },
}

impl ServeError {
    /// When trying again may help.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded { retry_after } | Self::TooLate { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// The error of an engine whose request had a time of its own to keep, or not.
    pub(crate) fn from_engine(error: EngineError, by_client: bool) -> Self {
        match error {
            EngineError::QueueFull { retry_after } => Self::Overloaded { retry_after },
            EngineError::DeadlineExceeded { retry_after } => Self::TooLate { retry_after, by_client },
            EngineError::InvalidInput { what, expected, got } => Self::Invalid { what, expected, got },
            EngineError::ShuttingDown => Self::Stopping,
            EngineError::PoisonRequest { .. } => Self::Poisonous { message: error.to_string() },
            other => Self::Failed { message: other.to_string() },
        }
    }

    pub(crate) fn invalid(
        what: impl Into<String>,
        expected: impl std::fmt::Display,
        got: impl std::fmt::Display,
    ) -> Self {
        Self::Invalid { what: what.into(), expected: expected.to_string(), got: got.to_string() }
    }
}

/// Every way in which a server can fail to start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// An address cannot be listened at.
    #[error("failed to listen at {address}: {message}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        message: String,
    },
    /// The system would not start a thread.
    #[error("failed to start a thread: {message}")]
    Thread {
        /// The system's words.
        message: String,
    },
    /// The certificate or its key cannot be used.
    #[error("TLS: {message}")]
    Tls {
        /// What is wrong.
        message: String,
    },
}

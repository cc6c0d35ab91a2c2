use std::time::Duration;

use phalanx_backend::{BackendError, Device};
use phalanx_tensor::TensorError;

/// Every way in which an engine can fail to be built, or a request to be answered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The queue, or the memory for requests, is full.
    #[error("the queue is full; try again in {retry_after:?}")]
    QueueFull {
        /// When there will be room, by the measured batch times.
        retry_after: Duration,
    },
    /// The request could not be answered before its deadline; nothing was computed for it.
    #[error("the deadline cannot be met; {retry_after:?} more would have been needed")]
    DeadlineExceeded {
        /// How much later the answer would have come.
        retry_after: Duration,
    },
    /// The caller cancelled the request.
    #[error("the request was cancelled")]
    Cancelled,
    /// The request does not fit the model.
    #[error("{what}: expected {expected}, got {got}")]
    InvalidInput {
        /// Which part of the request.
        what: String,
        /// What the model takes.
        expected: String,
        /// What came.
        got: String,
    },
    /// The backend failed while it ran the request's batch.
    #[error("{0}")]
    BackendFailed(BackendError),
    /// The request took the process or device that ran it down, again when it was run alone; it is never run again.
    #[error("the request was refused, for it took the backend down {deaths} times when it ran alone: {last}")]
    PoisonRequest {
        /// Times it ran alone and the lane was lost.
        deaths: u32,
        /// What happened the last time.
        last: BackendError,
    },
    /// The engine is stopping.
    #[error("the engine is shutting down")]
    ShuttingDown,
    /// No backend can run the model on the device.
    #[error("{0}")]
    Prepare(BackendError),
    /// Every backend that could have run the model failed.
    #[error("no backend can run this model on {device}: {}", .failures.join("; "))]
    NoBackend {
        /// The device that was asked for.
        device: Device,
        /// What each backend said.
        failures: Vec<String>,
    },
    /// An option, alone or together with another, makes no sense.
    #[error("option {option}: expected {expected}, got {got}")]
    InvalidOption {
        /// The option's name; both names where two contradict each other.
        option: String,
        /// What would do.
        expected: String,
        /// What was given.
        got: String,
    },
    /// The system would not start a thread.
    #[error("failed to start a thread: {message}")]
    Thread {
        /// The system's words.
        message: String,
    },
}

impl EngineError {
    pub(crate) fn invalid_input(
        what: impl Into<String>,
        expected: impl std::fmt::Display,
        got: impl std::fmt::Display,
    ) -> Self {
        Self::InvalidInput { what: what.into(), expected: expected.to_string(), got: got.to_string() }
    }

    pub(crate) fn invalid_option(
        option: impl Into<String>,
        expected: impl std::fmt::Display,
        got: impl std::fmt::Display,
    ) -> Self {
        Self::InvalidOption { option: option.into(), expected: expected.to_string(), got: got.to_string() }
    }

    /// When trying again may help.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::QueueFull { retry_after } | Self::DeadlineExceeded { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<TensorError> for EngineError {
    fn from(error: TensorError) -> Self {
        Self::invalid_input("tensor", "sizes that this machine can address", error)
    }
}

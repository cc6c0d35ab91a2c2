use std::time::Duration;

use phalanx_protocol::ProtocolError;

use crate::MeasureError;

/// Every way in which load on a server can fail before it begins, or as a whole. What goes wrong with a single
/// request is counted instead.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// An option's value makes no sense.
    #[error("{option}: expected {expected}, got {got}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What came.
        got: String,
    },
    /// The text is no address of a server.
    #[error("expected {expected}, got {url:?}")]
    Url {
        /// The text.
        url: String,
        /// What was expected.
        expected: &'static str,
    },
    /// The server cannot be reached.
    #[error("failed to reach {address}: {message}")]
    Unreachable {
        /// The server.
        address: String,
        /// What the system said.
        message: String,
    },
    /// The server did not say what the model takes and gives.
    #[error("{address} does not describe model {model:?}: {message}")]
    Metadata {
        /// The server.
        address: String,
        /// The model asked for.
        model: String,
        /// What it said instead.
        message: String,
    },
    /// The first request, sent alone, was not answered as it should be.
    #[error("the first request to model {model:?} was not answered: {message}")]
    FirstRequest {
        /// The model asked.
        model: String,
        /// What came instead.
        message: String,
    },
    /// The server did not answer within the time set aside for it.
    #[error("{address} did not answer within {patience:?}")]
    Silent {
        /// The server.
        address: String,
        /// How long was waited.
        patience: Duration,
    },
    /// The certificates that the server is to be known by cannot be used.
    #[error("failed to read certificates: {message}")]
    Certificates {
        /// What is wrong with them.
        message: String,
    },
    /// The histograms could not be written.
    #[error("failed to write the histograms: {message}")]
    Log {
        /// Why not.
        message: String,
    },
    /// No event loop could be started.
    #[error("failed to start the load generator: {message}")]
    Runtime {
        /// What the system said.
        message: String,
    },
    /// The measurement was stopped from outside.
    #[error("interrupted")]
    Interrupted,
    /// A message could not be made, or made out.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The inputs could not be drawn.
    #[error(transparent)]
    Measure(#[from] MeasureError),
}

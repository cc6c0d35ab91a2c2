use std::sync::Arc;

use ort::logging::{LogLevel, LoggerFunction};
use tracing::Level;

/// Sends the runtime's messages to `tracing`, one level down: what went wrong comes back as an error as well.
pub(super) fn forward() -> LoggerFunction {
    Arc::new(|level, category, _id, place, message| match level {
        LogLevel::Fatal | LogLevel::Error | LogLevel::Warning => {
            tracing::debug!(target: "onnxruntime", category, place, "{message}");
        }
        LogLevel::Info | LogLevel::Verbose => {
            tracing::trace!(target: "onnxruntime", category, place, "{message}");
        }
    })
}

/// The least severe messages worth forming: as a session takes them on every run, no more than somebody reads.
pub(super) fn level() -> LogLevel {
    if tracing::enabled!(target: "onnxruntime", Level::TRACE) {
        LogLevel::Info
    } else if tracing::enabled!(target: "onnxruntime", Level::DEBUG) {
        LogLevel::Warning
    } else {
        LogLevel::Fatal
    }
}

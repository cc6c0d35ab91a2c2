/// Every way in which logging can fail to start or to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// There is no such level.
    #[error(
        "log level: expected off, error, warn, info, debug or trace, or such for parts (info,h2=off), got {level:?}"
    )]
    Level {
        /// What came.
        level: String,
    },
    /// There is no such format.
    #[error("log format: expected text or json, got {format:?}")]
    Format {
        /// What came.
        format: String,
    },
    /// A share is no share.
    #[error("trace rate: expected a number from 0 to 1, got {rate}")]
    TraceRate {
        /// What came.
        rate: f64,
    },
    /// This process logs as somebody else told it.
    #[error("this process logs already")]
    AlreadyLogging,
    /// Nothing was started whose level could change.
    #[error("this process does not log")]
    NotLogging,
    /// Traces cannot be sent.
    #[error("failed to send traces to {endpoint:?}: {message}")]
    Otlp {
        /// Where they were to go.
        endpoint: String,
        /// Why they cannot.
        message: String,
    },
    /// This program was built without what sends traces.
    #[error("this program cannot send traces; it was built without the feature `otlp`")]
    NoOtlp,
}

use crate::Nanos;

/// Why a request is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The queue has no room for its rows.
    QueueFull {
        /// When there will be, by the measured batch times.
        retry_after_ns: Nanos,
    },
    /// It could not be answered before its deadline.
    DeadlineExceeded {
        /// How much later it would have been answered; zero where its own deadline was too short to begin with.
        retry_after_ns: Nanos,
    },
    /// The engine is stopping.
    ShuttingDown,
}

//! Sends requests and counts what comes of them: at given instants, whatever the server does (open loop), or one after
//! the other (closed loop).

mod asker;
mod closed;
mod open;
mod queue;
mod running;

pub(crate) use closed::drive as drive_closed;
pub(crate) use open::drive as drive_open;
pub use running::Watch;

use std::time::Duration;

use super::tally::Tally;

/// A request that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Job {
    /// When, counted from the beginning.
    due: Duration,
    /// In which step.
    step: usize,
    /// How many were due before it.
    number: u64,
}

/// What a load left behind.
#[derive(Debug)]
pub(crate) struct Driven {
    pub(crate) tally: Tally,
    /// Workers that were started: connections, or streams, used at once.
    pub(crate) connections: usize,
    /// Until the last request was over.
    pub(crate) elapsed: Duration,
    /// Whether it ended early because too many requests had missed the SLO.
    pub(crate) given_up: bool,
}

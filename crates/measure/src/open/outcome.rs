use serde::{Deserialize, Serialize};

/// What became of the requests of an open loop that counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OpenOutcome {
    /// Requests a second that were due.
    pub rate_per_s: f64,
    /// How many there were.
    pub requests: u64,
    /// Answered inside the SLO.
    pub inside: u64,
    /// Answered after it.
    pub late: u64,
    /// Refused.
    pub refused: u64,
    /// The latency that half of the answered did not exceed, in milliseconds.
    pub p50_ms: f64,
    /// The same for 99 of 100.
    pub p99_ms: f64,
    /// How late 99 of 100 requests at most were handed in, in milliseconds: the load generator's own fault.
    pub behind_p99_ms: f64,
    /// Rows of a batch, on the average.
    pub rows_mean: f64,
    /// Whether it ended before all requests were sent, because too many had missed the SLO.
    pub ended_early: bool,
}

impl OpenOutcome {
    /// The share that was answered inside the SLO; 0 where there was none.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.inside as f64 / self.requests as f64 }
    }
}

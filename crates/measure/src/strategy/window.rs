use std::collections::BTreeMap;
use std::time::Duration;

use crate::latencies::Latencies;

/// What one measuring window gave.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Samples whose answers were read back.
    pub samples: u64,
    /// The time in which they were.
    pub elapsed: Duration,
    /// From sending to having the answer: of a request, or of a batch where the strategy forms them itself.
    pub latencies: Latencies,
    /// Batches by their rows.
    pub batches: BTreeMap<usize, u64>,
    /// Batches that were read back, where not all are.
    pub reads: u64,
    /// Requests that were sent, where they are sent whether or not answers come.
    pub offered: u64,
    /// Those of them that were refused.
    pub refused: u64,
    /// Those that were answered later than promised.
    pub late: u64,
    /// Answers compared with those expected.
    pub checked: u64,
    /// The largest error found, relative to a row's largest magnitude.
    pub error_max: f64,
    /// CPU time and allocations of this process, where the strategy counts them.
    pub cost: Option<Cost>,
}

/// What this process spent on a number of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Requests answered meanwhile.
    pub requests: u64,
    /// CPU time of all threads, in user and kernel mode.
    pub cpu: Duration,
    /// Allocations of all threads, where the program counts them.
    pub allocations: Option<u64>,
}

impl Window {
    /// Adds what another caller had answered in the same time.
    pub fn merge(&mut self, other: &Self) {
        self.samples += other.samples;
        self.elapsed = self.elapsed.max(other.elapsed);
        self.latencies.merge(&other.latencies);
        self.reads += other.reads;
        self.checked += other.checked;
        self.error_max = self.error_max.max(other.error_max);
        for (&rows, &count) in &other.batches {
            *self.batches.entry(rows).or_default() += count;
        }
    }

    /// Samples answered a second.
    #[must_use]
    pub fn samples_per_s(&self) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { self.samples as f64 / self.elapsed.as_secs_f64() }
    }
}

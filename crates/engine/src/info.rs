use phalanx_backend::{Device, Devices, Optimize, Placement, Precision};
use phalanx_batch::PolicyKind;

use crate::Isolation;
use crate::choice::{Candidate, Choice, runtime_version};

/// How requests share runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Batching {
    /// Rows of many requests make a batch of any size up to the largest.
    Batched,
    /// The model always takes this many rows; a batch of fewer is padded.
    Fixed(usize),
    /// Every request runs alone.
    Unbatched {
        /// Why.
        reason: String,
    },
}

impl EngineInfo {
    /// The version of the backend's runtime, without the file that it was loaded from.
    #[must_use]
    pub fn runtime_version(&self) -> &str {
        runtime_version(&self.backend_version)
    }
}

/// What an engine was built as.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineInfo {
    /// The backend that runs the model.
    pub backend: &'static str,
    /// Its runtime's version.
    pub backend_version: String,
    /// The device it runs on; the first, where there are several.
    pub device: Device,
    /// All devices it runs on.
    pub devices: Devices,
    /// Lanes, of all devices together.
    pub lanes: usize,
    /// Queues that the lanes are shared out over, of all devices together.
    pub queues: usize,
    /// Threads of one run.
    pub threads: usize,
    /// Rows of the largest batch.
    pub max_batch: usize,
    /// Sizes that batches are padded to, ascending; none where one of any size runs as it is.
    pub padded_to: Vec<usize>,
    /// Batches of a lane formed or running at once.
    pub depth: usize,
    /// Rows that may wait in each queue.
    pub queue_limit: usize,
    /// The rule that forms batches.
    pub policy: PolicyKind,
    /// The arithmetic inside the model.
    pub precision: Precision,
    /// How much the backend may rewrite the model.
    pub optimize: Optimize,
    /// Whether lanes are threads or processes.
    pub isolation: Isolation,
    /// Whether and how requests share runs.
    pub batching: Batching,
    /// Where the model's nodes run.
    pub placement: Placement,
    /// Why this backend on this device; `None` where it was named.
    pub choice: Option<Choice>,
    /// What may take over where the backend fails, the preferred first.
    pub fallbacks: Vec<Candidate>,
    /// What was measured at warm-up: rows of a batch and how long it took, in nanoseconds.
    pub batch_times_ns: Vec<(usize, u64)>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// What the user could do about something.
    pub hints: Vec<String>,
}

use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Backend, Device, PrepareOptions};
use phalanx_model::Model;
use phalanx_tensor::{Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::{Candidate, Inputs, Timed};

/// One candidate to be run.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) model: &'a Model,
    pub(crate) backend: &'a Arc<dyn Backend>,
    pub(crate) candidate: &'a Candidate,
    pub(crate) options: &'a PrepareOptions,
    pub(crate) inputs: &'a Inputs,
    pub(crate) large: Large,
    /// How long it may be timed. Everything is run at least once.
    pub(crate) budget: Duration,
}

impl Task<'_> {
    pub(crate) fn device(&self) -> Device {
        self.candidate.device
    }
}

/// Rows of the large batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Large {
    /// As many as one run of fits into a time, judged by that of one row, and into memory.
    UpTo {
        /// At most this many.
        rows: usize,
        /// The time.
        within: Duration,
    },
    /// As many as the others ran, so that answers and times can be compared.
    Exactly(usize),
}

/// What a candidate gave.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The shapes it took.
    pub(crate) shapes: Vec<Shape>,
    pub(crate) small: Batch,
    pub(crate) large: Batch,
    /// What the small batch gave when it was run again.
    pub(crate) again: Vec<Tensor>,
}

/// A batch that was run.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) timed: Timed,
    /// One tensor an output.
    pub(crate) outputs: Vec<Tensor>,
}

/// How trying a candidate ended.
#[derive(Debug)]
pub(crate) enum Attempt {
    Ran(Ran),
    Failed(String),
    Crashed(String),
    TimedOut(Duration),
}

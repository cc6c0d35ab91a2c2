use std::sync::Arc;
use std::time::Duration;

use phalanx_tensor::Tensor;

use crate::{BackendError, Slot};

/// Names one submission on one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(pub u64);

/// How a submission ended. Each submission ends exactly once.
#[derive(Debug)]
pub enum Completion {
    /// The outputs are in the slot.
    Done(Slot),
    /// The outputs of a single run.
    Single(Vec<Tensor>),
    /// This run failed, the lane is still good. The slot of a batch comes back.
    Failed(Option<Slot>, BackendError),
    /// The lane is lost.
    Lost(Loss),
}

/// How a lane was lost under a submission.
#[derive(Debug)]
pub struct Loss {
    /// What happened.
    pub error: BackendError,
    /// The slot, where nothing can write to it any more; else it is gone with the lane.
    pub slot: Option<Slot>,
    /// Whether this submission may be the cause, because it was being executed; one that only waited behind it is not.
    pub suspect: bool,
}

impl Loss {
    /// The slot is gone, and the submission may be the cause.
    #[must_use]
    pub fn total(error: BackendError) -> Self {
        Self { error, slot: None, suspect: true }
    }
}

/// Stops what a lane executes, from another thread.
pub trait Interrupt: Send + Sync {
    /// The batches in flight end soon, as lost. Does not wait for it, and may be called again.
    fn interrupt(&self);
}

/// Where a lane says that a submission has ended. It may be called on any thread, and must not block.
pub trait Completions: Send + Sync {
    /// Submission `batch` has ended.
    fn complete(&self, batch: BatchId, completion: Completion);

    /// The same, from a lane that knows how long the device was busy with it: what is measured here also has what it took
    /// to say so, which may be as much.
    fn complete_after(&self, batch: BatchId, completion: Completion, busy: Duration) {
        let _ = busy;
        self.complete(batch, completion);
    }
}

/// The owner of one program's command queues on a device. Opened and used on one thread; need not be `Send`.
///
/// An asynchronous runtime returns from a submit at once and completes the batch by its own fence. A blocking one
/// completes it before it returns: the engine gathers the next batch and scatters the last on other threads meanwhile.
pub trait Lane {
    /// Runs the first `rows` rows of `slot`; `rows` is one of the program's buckets.
    fn submit(&mut self, batch: BatchId, slot: Slot, rows: usize);

    /// Runs these inputs as they are, whatever their axis 0: for models without a batch axis, strings, and outputs
    /// whose shape depends on the data. The outputs' buffers are the backend's own.
    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]);

    /// What stops a batch that takes too long; `None` where nothing can, so that the lane has to be given up.
    fn interrupt(&self) -> Option<Arc<dyn Interrupt>> {
        None
    }

    /// The core of this machine that the lane's batches were last computed on, by a thread other than the one that
    /// submits them; `None` where they are not, or nobody knows.
    fn core(&self) -> Option<usize> {
        None
    }
}

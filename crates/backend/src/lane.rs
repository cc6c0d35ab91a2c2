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
    /// The lane is lost, and the slot with it.
    Lost(BackendError),
}

/// Where a lane says that a submission has ended. It may be called on any thread, and must not block.
pub trait Completions: Send + Sync {
    /// Submission `batch` has ended.
    fn complete(&self, batch: BatchId, completion: Completion);
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
}

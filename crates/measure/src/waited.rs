use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use phalanx_backend::{BackendError, BatchId, Completion, Completions, Lane, Loss, Program, Slot};
use phalanx_tensor::Tensor;

use crate::MeasureError;

/// How long a batch may take before it counts as stuck.
const BATCH_SECONDS_MAX: u64 = 600;

/// A lane whose batches are waited for one by one.
pub struct WaitedLane {
    lane: Box<dyn Lane>,
    mailbox: Arc<Mailbox>,
    next: u64,
}

/// Where the completions that are waited for arrive: as many as there are batches in flight.
#[derive(Default)]
struct Mailbox {
    arrived: Mutex<VecDeque<(BatchId, Completion)>>,
    changed: Condvar,
}

impl Completions for Mailbox {
    fn complete(&self, batch: BatchId, completion: Completion) {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push_back((batch, completion));
        self.changed.notify_one();
    }
}

impl Mailbox {
    fn wait(&self, batch: BatchId) -> Result<Completion, MeasureError> {
        let stuck = MeasureError::Stuck { seconds: BATCH_SECONDS_MAX };
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let missing =
            |arrived: &mut VecDeque<(BatchId, Completion)>| arrived.iter().all(|(other, _)| *other != batch);
        let limit = Duration::from_secs(BATCH_SECONDS_MAX);
        let (mut arrived, _) =
            self.changed.wait_timeout_while(arrived, limit, missing).unwrap_or_else(PoisonError::into_inner);
        let place = arrived.iter().position(|(other, _)| *other == batch);
        place.and_then(|place| arrived.remove(place)).map(|(_, completion)| completion).ok_or(stuck)
    }
}

impl WaitedLane {
    /// Opens a lane of `program` on the calling thread.
    ///
    /// # Errors
    /// What the backend gives.
    pub fn open(program: &dyn Program) -> Result<Self, BackendError> {
        let mailbox = Arc::new(Mailbox::default());
        let lane = program.open_lane(Arc::clone(&mailbox) as Arc<dyn Completions>)?;
        Ok(Self { lane, mailbox, next: 0 })
    }

    /// Runs the first `rows` rows of `slot`, one of the program's buckets, and waits for them.
    ///
    /// # Errors
    /// What the backend gives, with which the slot is lost; [`MeasureError::Stuck`].
    pub fn run(&mut self, slot: Slot, rows: usize) -> Result<Slot, MeasureError> {
        let batch = self.submit(slot, rows);
        self.wait(batch)
    }

    /// Hands over a batch. Where the backend blocks, it has ended by then.
    pub(crate) fn submit(&mut self, slot: Slot, rows: usize) -> BatchId {
        let batch = self.next_batch();
        self.lane.submit(batch, slot, rows);
        batch
    }

    /// Waits for a batch that was handed over.
    ///
    /// # Errors
    /// As [`WaitedLane::run`].
    pub(crate) fn wait(&self, batch: BatchId) -> Result<Slot, MeasureError> {
        match self.mailbox.wait(batch)? {
            Completion::Done(slot) => Ok(slot),
            other => Err(failure(other)),
        }
    }

    /// Runs these inputs as they are, and waits for the outputs.
    ///
    /// # Errors
    /// As [`WaitedLane::run`].
    pub fn run_single(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, MeasureError> {
        let batch = self.next_batch();
        self.lane.submit_single(batch, inputs);
        match self.mailbox.wait(batch)? {
            Completion::Single(outputs) => Ok(outputs),
            other => Err(failure(other)),
        }
    }

    fn next_batch(&mut self) -> BatchId {
        self.next += 1;
        BatchId(self.next)
    }
}

fn failure(completion: Completion) -> MeasureError {
    match completion {
        Completion::Failed(_, error) | Completion::Lost(Loss { error, .. }) => error.into(),
        Completion::Done(_) | Completion::Single(_) => MeasureError::Thread {
            message: "the backend completed a batch as one of another kind".to_owned(),
        },
    }
}

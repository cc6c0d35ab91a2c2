//! A lane that is a process.

use std::sync::Arc;

use phalanx_backend::{BackendError, BatchId, Completion, Completions, Interrupt, Lane, Slot};
use phalanx_tensor::Tensor;

use crate::process::{Work, Worker};
use crate::program::Shared;

/// Batches that a worker can have been given and not answered: one that it runs, one that it finds when it has ended that
/// one, and as many again for a parent that is slow to wake.
pub(crate) const DEPTH_MAX: usize = 4;

/// Rings for a worker, and returns at once; the worker's thread completes what it answers.
pub(crate) struct WorkerLane {
    shared: Arc<Shared>,
    worker: Arc<Worker>,
    lease: u64,
    completions: Arc<dyn Completions>,
}

/// Stops what a worker runs for one lane.
struct Stop {
    worker: Arc<Worker>,
    lease: u64,
}

impl Interrupt for Stop {
    fn interrupt(&self) {
        self.worker.interrupt(self.lease);
    }
}

impl WorkerLane {
    pub(crate) fn new(shared: Arc<Shared>, worker: Arc<Worker>, completions: Arc<dyn Completions>) -> Self {
        let lease = worker.flight().begin_lease();
        Self { shared, worker, lease, completions }
    }

    /// The slot as the worker can see it: itself, or one of its own that it is copied to.
    fn work(&self, slot: Slot, rows: usize) -> Result<Work, Box<(Slot, BackendError)>> {
        if rows > slot.rows_max() {
            let message = format!("{rows} rows do not fit a slot of {}", slot.rows_max());
            return Err(Box::new((slot, BackendError::Run { backend: "worker", message })));
        }
        if self.worker.knows(&slot) {
            return Ok(Work::Batch { slot, rows, original: None });
        }
        if let Some(memory) = self.shared.slots.find(&slot) {
            self.worker.show(&memory, slot.layout());
            return Ok(Work::Batch { slot, rows, original: None });
        }
        match self.staged(&slot, rows) {
            Ok(staged) => Ok(Work::Batch { slot: staged, rows, original: Some(slot) }),
            Err(error) => Err(Box::new((slot, error))),
        }
    }

    /// A copy of a slot in other memory.
    fn staged(&self, slot: &Slot, rows: usize) -> Result<Slot, BackendError> {
        let mut staged = match self.worker.take_staged(slot.layout(), rows) {
            Some(staged) => staged,
            None => self.shared.slots.make(slot.layout(), slot.rows_max())?,
        };
        if let Some(memory) = self.shared.slots.find(&staged).filter(|_| !self.worker.knows(&staged)) {
            self.worker.show(&memory, staged.layout());
        }
        for (index, spec) in slot.layout().inputs.iter().enumerate() {
            let bytes = rows * spec.row_bytes;
            let (from, to) = (&slot.inputs[index], &mut staged.inputs[index]);
            if from.len() < bytes {
                let message = format!("expected {bytes} bytes of input {index}, got {}", from.len());
                return Err(BackendError::Run { backend: "worker", message });
            }
            to.as_mut_slice()[..bytes].copy_from_slice(&from.as_slice()[..bytes]);
        }
        Ok(staged)
    }
}

impl Lane for WorkerLane {
    fn submit(&mut self, batch: BatchId, slot: Slot, rows: usize) {
        match self.work(slot, rows) {
            Ok(work) => self.worker.submit(batch, &self.completions, work),
            Err(failed) => {
                let (slot, error) = *failed;
                self.completions.complete(batch, Completion::Failed(Some(slot), error));
            }
        }
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        self.worker.submit_single(batch, &self.completions, inputs);
    }

    fn interrupt(&self) -> Option<Arc<dyn Interrupt>> {
        Some(Arc::new(Stop { worker: Arc::clone(&self.worker), lease: self.lease }))
    }

    fn core(&self) -> Option<usize> {
        self.worker.status().core()
    }
}

impl Drop for WorkerLane {
    fn drop(&mut self) {
        self.shared.release(Arc::clone(&self.worker));
    }
}

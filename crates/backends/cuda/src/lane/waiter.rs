use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use phalanx_backend::{BackendError, BatchId, Completion, Completions, Loss, Slot};

use super::staging::Staged;
use crate::driver::Gpu;
use crate::program::{Executable, Shared, SlotState};

/// A batch that the device runs.
pub(super) struct Flight {
    pub(super) id: BatchId,
    pub(super) slot: Slot,
    pub(super) state: Arc<SlotState>,
    pub(super) executable: Arc<Executable>,
    pub(super) staged: Option<Staged>,
}

/// Waits for the batches of a lane, in the order in which they were launched.
pub(super) struct Waiter {
    gpu: Arc<Gpu>,
    spin: Duration,
    completions: Arc<dyn Completions>,
}

impl Waiter {
    pub(super) fn new(program: &Shared, completions: &Arc<dyn Completions>) -> Self {
        Self { gpu: Arc::clone(program.gpu()), spin: program.spin(), completions: Arc::clone(completions) }
    }

    /// Until the lane is closed and its last batch has ended.
    pub(super) fn run(&self, flights: &Receiver<Flight>) {
        // Where this fails, so does waiting, which says so.
        let _ = self.gpu.bind();
        for flight in flights {
            let id = flight.id;
            let completion = self.land(flight);
            self.completions.complete(id, completion);
        }
    }

    fn land(&self, flight: Flight) -> Completion {
        let Flight { mut slot, state, executable, staged, .. } = flight;
        let ended = state.wait(self.spin).and_then(|()| state.hand_out_dynamic(executable.plan(), &mut slot));
        match (ended, staged) {
            (Ok(()), None) => Completion::Done(slot),
            (Ok(()), Some(staged)) => Completion::Done(staged.copy_back(slot)),
            (Err(error), None) => failed(Some(slot), error),
            (Err(error), Some(staged)) => failed(Some(staged.into_original()), error),
        }
    }
}

/// How a batch that could not be run has ended. A lost device may still write to the slot: it does not come back.
pub(super) fn failed(slot: Option<Slot>, error: BackendError) -> Completion {
    match error {
        BackendError::DeviceLost { .. } => Completion::Lost(Loss::total(error)),
        error => Completion::Failed(slot, error),
    }
}

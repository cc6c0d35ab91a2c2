//! A lane: it launches graphs, and a thread of its own waits for the event behind each.

mod staging;
mod waiter;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use phalanx_backend::{BackendError, BatchId, Completion, Completions, Lane, Slot, SlotOutput};
use phalanx_tensor::Tensor;

use crate::error;
use crate::program::{Executable, Shared, SlotState, check_indices, failed_to_start};
use staging::{Staged, Staging};
use waiter::Flight;

/// Launches a graph a batch.
pub(crate) struct CudaLane {
    launcher: Launcher,
    staging: Staging,
}

/// What a lane launches by; the thread that prepares launches the first batch of each bucket with a copy of it.
#[derive(Clone)]
struct Launcher {
    program: Arc<Shared>,
    completions: Arc<dyn Completions>,
    flights: Sender<Flight>,
}

/// A batch that is about to be launched.
struct Batch {
    id: BatchId,
    slot: Slot,
    rows: usize,
    state: Arc<SlotState>,
    /// The slot that the engine gave, where it is not one of this program's.
    staged: Option<Staged>,
}

impl CudaLane {
    /// A lane whose batches are waited for by a thread that ends with it.
    ///
    /// # Errors
    /// [`BackendError::DeviceLost`], [`BackendError::Prepare`] where the system gives no thread.
    pub(crate) fn open(
        program: Arc<Shared>,
        completions: Arc<dyn Completions>,
    ) -> Result<Self, BackendError> {
        program.gpu().bind()?;
        let (flights, landed) = channel();
        let waiter = waiter::Waiter::new(&program, &completions);
        let thread = std::thread::Builder::new().name("phalanx-cuda-wait".to_owned());
        thread.spawn(move || waiter.run(&landed)).map_err(|error| failed_to_start(&error))?;
        Ok(Self { launcher: Launcher { program, completions, flights }, staging: Staging::default() })
    }

    /// The slot as this program knows it: itself, or one of its own that it is copied to.
    fn batch(&self, id: BatchId, slot: Slot, rows: usize) -> Result<Batch, Box<(Slot, BackendError)>> {
        if rows > slot.rows_max() {
            let message = format!("{rows} rows do not fit a slot of {}", slot.rows_max());
            return Err(Box::new((slot, error::run(message))));
        }
        if let Some(state) = self.launcher.program.state_of(&slot) {
            return Ok(Batch { id, slot, rows, state, staged: None });
        }
        let (own, staged) = self.staging.stage(&self.launcher.program, slot, rows)?;
        match self.launcher.program.state_of(&own) {
            Some(state) => Ok(Batch { id, slot: own, rows, state, staged: Some(staged) }),
            None => Err(Box::new((staged.into_original(), error::run("a new slot is not known".to_owned())))),
        }
    }
}

impl Lane for CudaLane {
    fn submit(&mut self, id: BatchId, slot: Slot, rows: usize) {
        let batch = match self.batch(id, slot, rows) {
            Ok(batch) => batch,
            Err(failed) => {
                let (slot, error) = *failed;
                return self.launcher.completions.complete(id, Completion::Failed(Some(slot), error));
            }
        };
        match batch.state.executable(rows) {
            Some(executable) => self.launcher.launch(batch, &executable),
            None => {
                let launcher = self.launcher.clone();
                self.launcher.program.in_background(move || launcher.prepare_and_launch(batch));
            }
        }
    }

    fn submit_single(&mut self, id: BatchId, inputs: &[Tensor]) {
        let (launcher, inputs) = (self.launcher.clone(), inputs.to_vec());
        self.launcher.program.in_background(move || {
            let completion = match launcher.program.run_single(&inputs) {
                Ok(outputs) => Completion::Single(outputs),
                Err(error) => waiter::failed(None, error),
            };
            launcher.completions.complete(id, completion);
        });
    }
}

impl Launcher {
    fn prepare_and_launch(self, batch: Batch) {
        let prepared = self
            .program
            .bucket(&Shared::shapes(batch.slot.layout(), batch.rows))
            .and_then(|bucket| batch.state.prepare(&bucket, batch.rows));
        match prepared {
            Ok(executable) => self.launch(batch, &executable),
            Err(error) => self.refuse(batch, error),
        }
    }

    fn launch(&self, batch: Batch, executable: &Arc<Executable>) {
        let launched = Self::check(&batch, executable).and_then(|()| batch.state.launch(executable));
        if let Err(error) = launched {
            return self.refuse(batch, error);
        }
        let Batch { id, slot, state, staged, .. } = batch;
        let flight = Flight { id, slot, state, executable: Arc::clone(executable), staged };
        if let Err(unsent) = self.flights.send(flight) {
            let Flight { id, slot, .. } = unsent.0;
            let error = error::run("the thread that waits for batches has ended".to_owned());
            self.completions.complete(id, Completion::Failed(Some(slot), error));
        }
    }

    fn check(batch: &Batch, executable: &Executable) -> Result<(), BackendError> {
        let plan = executable.plan();
        if plan.index_bounds.is_empty() {
            return Ok(());
        }
        let inputs = batch.slot.layout().inputs.len();
        let rows: Vec<&[u8]> = (0..inputs).map(|index| batch.slot.input_rows(index, batch.rows)).collect();
        check_indices(plan, &rows)
    }

    /// Gives back a batch that was not launched.
    fn refuse(&self, batch: Batch, error: BackendError) {
        let slot = match batch.staged {
            Some(staged) => staged.into_original(),
            None => batch.slot,
        };
        self.completions.complete(batch.id, waiter::failed(Some(slot), error));
    }
}

/// The bytes of an output that a batch of `rows` rows gave.
fn output_rows(slot: &Slot, index: usize, rows: usize) -> Option<&[u8]> {
    let (SlotOutput::Buffer(buffer), phalanx_backend::OutputSpec::Rows(spec)) =
        (&slot.outputs[index], &slot.layout().outputs[index])
    else {
        return None;
    };
    buffer.as_slice().get(..rows * spec.row_bytes)
}

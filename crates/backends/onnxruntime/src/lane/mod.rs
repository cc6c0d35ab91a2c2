mod binding;
mod single;

use std::sync::Arc;

use phalanx_backend::{
    BackendError, BatchId, Completion, Completions, Lane, Loss, OutputSpec, Slot, SlotOutput,
};
use phalanx_tensor::Tensor;
use smallvec::SmallVec;

use crate::errors;
use crate::program::Shared;
use crate::sys::{Fault, Value};
use binding::Bindings;

pub(crate) use single::run_single;

/// Runs a program's session on the thread that submits.
pub(crate) struct OrtLane {
    shared: Arc<Shared>,
    completions: Arc<dyn Completions>,
    bindings: Bindings,
    lost: Option<BackendError>,
}

impl OrtLane {
    pub(crate) fn new(shared: Arc<Shared>, completions: Arc<dyn Completions>) -> Self {
        Self { shared, completions, bindings: Bindings::default(), lost: None }
    }

    fn run(&mut self, slot: &mut Slot, rows: usize) -> Result<(), BackendError> {
        let shared = &self.shared;
        if shared.buckets.fit(rows) != Some(rows) || rows == 0 {
            let (expected, got) = (format!("rows of {:?}", shared.buckets), rows.to_string());
            return Err(BackendError::Input { input: String::new(), expected, got });
        }
        let binding = self.bindings.find(shared, slot, rows)?;
        let (inputs, outputs) = binding.values();
        // SAFETY: the values lie over the buffers of `slot`, which `find` has checked and which is borrowed mutably
        // for as long as the run takes; they are one for each input and output of the signature.
        unsafe { shared.sessions.for_rows(rows).run(inputs, outputs) }.map_err(errors::run)?;
        if binding.is_complete() {
            return Ok(());
        }
        // SAFETY: the run has succeeded, and nothing else takes what it allocated.
        let allocated = unsafe { binding.take_allocated(shared.library.api()) };
        collect(slot, rows, allocated).map_err(errors::run)
    }

    /// Whether this lane can still run; else the submission has ended.
    fn is_open(&self, batch: BatchId) -> bool {
        if let Some(error) = &self.lost {
            self.completions.complete(batch, Completion::Lost(Loss::total(error.clone())));
        }
        self.lost.is_none()
    }

    fn fail(&mut self, batch: BatchId, slot: Option<Slot>, error: BackendError) {
        if matches!(error, BackendError::DeviceLost { .. }) {
            self.lost = Some(error.clone());
            self.completions.complete(batch, Completion::Lost(Loss::total(error)));
        } else {
            self.completions.complete(batch, Completion::Failed(slot, error));
        }
    }
}

impl Lane for OrtLane {
    fn submit(&mut self, batch: BatchId, mut slot: Slot, rows: usize) {
        if !self.is_open(batch) {
            return;
        }
        match self.run(&mut slot, rows) {
            Ok(()) => self.completions.complete(batch, Completion::Done(slot)),
            Err(error) => self.fail(batch, Some(slot), error),
        }
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        if !self.is_open(batch) {
            return;
        }
        match self.shared.run_single(inputs) {
            Ok(outputs) => self.completions.complete(batch, Completion::Single(outputs)),
            Err(error) => self.fail(batch, None, error),
        }
    }
}

/// Moves what the runtime allocated to where the slot has room for it.
fn collect(slot: &mut Slot, rows: usize, allocated: SmallVec<[(usize, Value); 4]>) -> Result<(), Fault> {
    let layout = Arc::clone(slot.layout());
    for (index, value) in allocated {
        match (&mut slot.outputs[index], &layout.outputs[index]) {
            (SlotOutput::Buffer(buffer), OutputSpec::Rows(spec)) => {
                let (dtype, shape) = value.describe()?;
                let expected = spec.tail.with_rows(rows);
                if (dtype, &shape) != (spec.dtype, &expected) {
                    let (planned, dtype_planned) = (expected, spec.dtype);
                    return Err(Fault::new(format!(
                        "output {index}: expected {dtype_planned} {planned}, got {dtype} {shape}"
                    )));
                }
                value.copy_to(&mut buffer.as_mut_slice()[..rows * spec.row_bytes])?;
            }
            (output, _) => *output = SlotOutput::Dynamic(Some(value.to_tensor()?)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use phalanx_backend::{Device, PrepareOptions};
    use phalanx_model::samples;

    use super::*;
    use crate::Library;

    #[derive(Default)]
    struct Ends(Mutex<Vec<String>>);

    impl Completions for Ends {
        fn complete(&self, batch: BatchId, completion: Completion) {
            let kind = match completion {
                Completion::Lost(_) => "lost",
                Completion::Failed(..) => "failed",
                _ => "ran",
            };
            self.0.lock().unwrap().push(format!("{} {kind}", batch.0));
        }
    }

    #[test]
    fn after_the_device_is_lost_nothing_runs() {
        let library = match Library::get(None) {
            Ok(library) => library,
            Err(error) => return eprintln!("skipped: {error}"),
        };
        let options = PrepareOptions::default();
        let shared = Shared::prepare(library, &samples::tiny(), Device::Cpu, &options).unwrap();
        let ends = Arc::new(Ends::default());
        let mut lane = OrtLane::new(Arc::new(shared), Arc::<Ends>::clone(&ends));
        lane.submit_single(BatchId(1), &[]);
        lane.fail(BatchId(2), None, errors::run(Fault { code: Fault::DEVICE_RESET, message: String::new() }));
        lane.submit_single(BatchId(3), &[]);
        assert_eq!(*ends.0.lock().unwrap(), ["1 failed", "2 lost", "3 lost"]);
    }
}

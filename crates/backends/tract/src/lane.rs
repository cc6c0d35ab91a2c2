use std::collections::HashMap;
use std::sync::Arc;

use phalanx_backend::{
    BackendError, BatchId, Completion, Completions, Entry, Lane, Layout, OutputSpec, Slot, SlotOutput, fit,
};
use phalanx_tensor::{Shape, Tensor};
use tract_linalg::multithread::{Executor, multithread_tract_scope};
use tract_onnx::prelude::{IntoTValue, TValue, TVec, Tensor as TractTensor, TractResult};
use tract_onnx::tract_core::internal::{State, TractErrorContext, anyhow, ensure};

use crate::convert::{empty, fill, from_tract, to_tract, write};
use crate::panics::guard;
use crate::plan::Plan;
use crate::program::Shared;
use crate::{prepare_error, run_error};

/// Runs batches on the thread that submits them.
pub(crate) struct TractLane {
    program: Arc<Shared>,
    completions: Arc<dyn Completions>,
    executor: Executor,
    residents: HashMap<Vec<Shape>, Resident>,
    /// Evictions from the program's plans after which `residents` was last looked through.
    looked_at: u64,
    /// The shapes of the batch in hand, kept for its memory.
    shapes: Vec<Shape>,
}

/// A plan that this lane has run before, with the lane's own state of it.
struct Resident {
    plan: Arc<Entry<Plan>>,
    state: Box<dyn State>,
    inputs: Vec<Arc<TractTensor>>,
}

impl TractLane {
    /// Opens a lane with threads of its own, if a run may use more than one.
    pub(crate) fn new(program: Arc<Shared>, completions: Arc<dyn Completions>) -> Result<Self, BackendError> {
        let executor = match program.threads().get() {
            1 => Executor::SingleThread,
            threads => guard(|| Ok(Executor::multithread_with_name(threads, "phalanx-tract")))?,
        };
        let residents = HashMap::new();
        Ok(Self { program, completions, executor, residents, looked_at: 0, shapes: Vec::new() })
    }

    fn run_batch(&mut self, slot: &mut Slot, rows: usize) -> Result<(), BackendError> {
        self.forget_evicted();
        let layout = Arc::clone(slot.layout());
        if rows > slot.rows_max() || layout.inputs.len() != self.program.signature().inputs.len() {
            let inputs = layout.inputs.len();
            return Err(run_error(format!(
                "{rows} rows of {inputs} inputs do not fit a slot of {}",
                slot.rows_max()
            )));
        }
        self.shapes.clear();
        self.shapes.extend(layout.inputs.iter().map(|spec| spec.tail.with_rows(rows)));
        if !self.residents.contains_key(&self.shapes[..]) {
            let resident = Resident::new(&self.program, &layout, &self.shapes)?;
            self.residents.insert(self.shapes.clone(), resident);
        }
        let resident = self.residents.get_mut(&self.shapes[..]).expect("it was put there above");
        self.program.plans().touch(&resident.plan);
        resident.run(&self.executor, slot, &layout, rows).map_err(run_error)
    }

    fn run_single(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, BackendError> {
        self.forget_evicted();
        let shapes = fit::check_tensors(self.program.signature(), inputs)?;
        let values = inputs.iter().map(to_tract).collect::<Result<TVec<TValue>, _>>()?;
        let plan = self.program.plan(&shapes).or_else(|error| {
            let reason = |_| fit::refused(self.program.signature(), &shapes, &error);
            self.program.plan_for_any().map_err(reason)
        })?;
        let mut state = plan.value.runnable.spawn().map_err(prepare_error)?;
        let outputs =
            multithread_tract_scope(self.executor.clone(), || state.run(values)).map_err(run_error)?;
        outputs.iter().map(|output| from_tract(output).map_err(run_error)).collect()
    }

    /// Lets go of the plans that the program did not keep, so that their memory is freed.
    fn forget_evicted(&mut self) {
        let evictions = self.program.plans().evictions();
        if self.looked_at != evictions {
            self.looked_at = evictions;
            self.residents.retain(|_, resident| !resident.plan.is_evicted());
        }
    }
}

impl Resident {
    fn new(program: &Shared, layout: &Layout, shapes: &[Shape]) -> Result<Self, BackendError> {
        let plan = program.plan(shapes)?;
        let state = plan.value.runnable.spawn().map_err(prepare_error)?;
        let inputs = layout.inputs.iter().zip(shapes);
        let inputs = inputs.map(|(spec, shape)| empty(spec.dtype, shape)).collect::<Result<_, _>>()?;
        Ok(Self { plan, state, inputs })
    }

    fn run(&mut self, executor: &Executor, slot: &mut Slot, layout: &Layout, rows: usize) -> TractResult<()> {
        for (index, tensor) in self.inputs.iter_mut().enumerate() {
            fill(tensor, slot.input_rows(index, rows))?;
        }
        let inputs = self.inputs.iter().map(|tensor| Arc::clone(tensor).into_tvalue()).collect();
        let outputs = multithread_tract_scope(executor.clone(), || self.state.run(inputs))?;
        ensure!(outputs.len() == slot.outputs.len(), "expected {} outputs", slot.outputs.len());
        for (index, (value, spec)) in outputs.iter().zip(&layout.outputs).enumerate() {
            match (&mut slot.outputs[index], spec) {
                (SlotOutput::Buffer(buffer), OutputSpec::Rows(row)) => {
                    let shape = row.tail.with_rows(rows);
                    write(value, (row.dtype, &shape), buffer.as_mut_slice())
                }
                (SlotOutput::Dynamic(tensor), _) => from_tract(value).map(|output| *tensor = Some(output)),
                (SlotOutput::Buffer(_), OutputSpec::Dynamic(_)) => {
                    Err(anyhow!("a buffer for an output of unknown size"))
                }
            }
            .with_context(|| format!("output {index}"))?;
        }
        Ok(())
    }
}

/// tract panics on some data, such as indices outside a table. What it was changing, the lane throws away, so that to
/// the caller this is a run that failed like any other.
fn guard_run<T>(run: impl FnOnce() -> Result<T, BackendError>) -> Result<T, BackendError> {
    guard(run).map_err(|error| match error {
        BackendError::Panicked { message } => run_error(format!("it panicked: {message}")),
        other => other,
    })
}

impl Lane for TractLane {
    fn submit(&mut self, batch: BatchId, mut slot: Slot, rows: usize) {
        let completion = match guard_run(|| self.run_batch(&mut slot, rows)) {
            Ok(()) => Completion::Done(slot),
            Err(error) => {
                // A run that ended early leaves values behind in its state.
                self.residents.remove(&self.shapes[..]);
                Completion::Failed(Some(slot), error)
            }
        };
        self.completions.complete(batch, completion);
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        let completion = match guard_run(|| self.run_single(inputs)) {
            Ok(outputs) => Completion::Single(outputs),
            Err(error) => Completion::Failed(None, error),
        };
        self.completions.complete(batch, completion);
    }
}

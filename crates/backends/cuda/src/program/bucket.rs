use std::path::Path;
use std::sync::Arc;

use phalanx_backend::BackendError;
use phalanx_plan::{Op, Plan, Step};

use super::memory::Memory;
use super::weights::Weights;
use crate::driver::{DeviceMemory, Function, Gpu, Stream, time_us};
use crate::kernels::{self, Argument, Chip, LowerError, Lowered, ProductCall, Task};
use crate::products::{self, Addresses};
use crate::{NAME, error};

/// A plan as submissions, not yet on a device.
#[derive(Debug)]
pub(crate) struct Planned {
    plan: Plan,
    tasks: Vec<Task>,
    /// The step of each task.
    steps: Vec<usize>,
    scratch_bytes: usize,
}

/// A plan made executable: kernels compiled, constants on the device. Slots and lanes share it.
#[derive(Debug)]
pub(crate) struct Bucket {
    planned: Arc<Planned>,
    functions: Vec<Option<Function>>,
    weights: Vec<Arc<DeviceMemory>>,
}

impl Planned {
    /// Chooses the submissions of each step.
    ///
    /// # Errors
    /// [`BackendError::UnsupportedOperators`] with the step that neither a kernel nor the library does.
    pub(super) fn new(plan: Plan, chip: &Chip) -> Result<Self, BackendError> {
        let (mut tasks, mut steps, mut scratch_bytes) = (Vec::new(), Vec::new(), 0);
        for (index, step) in plan.steps.iter().enumerate() {
            let lowered = lower(&plan, step, chip).map_err(|error| BackendError::UnsupportedOperators {
                backend: NAME,
                operators: vec![format!("{} ({}: {error})", step.op.name(), step.name)],
            })?;
            steps.resize(steps.len() + lowered.tasks.len(), index);
            tasks.extend(lowered.tasks);
            scratch_bytes = scratch_bytes.max(lowered.scratch_bytes);
        }
        Ok(Self { plan, tasks, steps, scratch_bytes })
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Bytes of the arena and of the kernels' scratch behind it.
    pub(super) fn work_bytes(&self) -> usize {
        self.arena_bytes() + self.scratch_bytes
    }

    /// Bytes of the arena, up to where the scratch starts.
    pub(super) fn arena_bytes(&self) -> usize {
        self.plan.arena.bytes.next_multiple_of(phalanx_plan::ALIGNMENT_BYTES)
    }
}

impl Bucket {
    /// Compiles what the plan's steps need and loads its constants.
    ///
    /// # Errors
    /// [`BackendError::Prepare`] where a kernel does not compile, [`BackendError::OutOfMemory`].
    pub(super) fn new(
        planned: Arc<Planned>,
        gpu: &Gpu,
        weights: &Weights,
        folder: Option<&Path>,
    ) -> Result<Self, BackendError> {
        gpu.bind()?;
        let functions = planned.tasks.iter().map(|task| match task {
            Task::Launch(launch) => gpu.kernels.function(launch, gpu.chip(), folder).map(Some),
            Task::Product(_) => Ok(None),
        });
        let functions = functions.collect::<Result<_, BackendError>>()?;
        let weights = weights.load(&planned.plan.constants)?;
        Ok(Self { planned, functions, weights })
    }

    pub(super) fn planned(&self) -> &Planned {
        &self.planned
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.planned.plan
    }

    pub(super) fn weights(&self) -> &[Arc<DeviceMemory>] {
        &self.weights
    }

    /// Finds the fastest algorithm of each product whose shape is new to this GPU, in memory that nobody else uses.
    ///
    /// # Errors
    /// [`BackendError::Prepare`] where there is none.
    pub(super) fn tune(&self, memory: &Memory<'_>, stream: &Stream) -> Result<(), BackendError> {
        self.planned.tasks.iter().try_for_each(|task| match task {
            Task::Product(call) => products::tune(call, &self.addresses(call, memory), stream),
            Task::Launch(_) => Ok(()),
        })
    }

    /// Submits all of it, in order.
    ///
    /// # Errors
    /// What the driver says.
    pub(super) fn submit(&self, memory: &Memory<'_>, stream: &Stream) -> Result<(), BackendError> {
        (0..self.planned.tasks.len()).try_for_each(|task| self.submit_one(task, memory, stream))
    }

    /// Microseconds of the device that each submission takes by itself, with the step that it belongs to.
    ///
    /// # Errors
    /// What went wrong on the device.
    pub(super) fn time(&self, memory: &Memory<'_>, stream: &Stream) -> Result<Vec<(usize, f32)>, BackendError> {
        let times = self.planned.steps.iter().enumerate().map(|(task, &step)| {
            Ok((step, time_us(stream, || self.submit_one(task, memory, stream))?))
        });
        times.collect()
    }

    fn submit_one(&self, task: usize, memory: &Memory<'_>, stream: &Stream) -> Result<(), BackendError> {
        match (&self.planned.tasks[task], &self.functions[task]) {
            (Task::Product(call), _) => products::submit(call, &self.addresses(call, memory), stream),
            (Task::Launch(launch), Some(function)) => {
                let mut words = launch.arguments.iter().map(|it| self.word(it, memory)).collect::<Vec<_>>();
                // SAFETY: the arguments are those that the kernel was generated for, over memory that the slot and
                // this bucket hold; whoever submits keeps both until the stream has come to this point.
                unsafe { function.launch(stream, launch.grid, launch.block, launch.shared_bytes, &mut words) }
            }
            (Task::Launch(_), None) => Err(error::run("a kernel was not compiled".to_owned())),
        }
    }

    fn word(&self, argument: &Argument, memory: &Memory<'_>) -> u64 {
        match argument {
            Argument::Pointer(pointer) => memory.address(self.plan(), pointer),
            Argument::U32(number) => u64::from(*number),
            Argument::F32(number) => u64::from(number.to_bits()),
        }
    }

    fn addresses(&self, call: &ProductCall, memory: &Memory<'_>) -> Addresses {
        let at = |pointer| memory.address(self.plan(), pointer);
        let output = at(&call.d.pointer);
        Addresses {
            a: at(&call.a.pointer),
            b: at(&call.b.pointer),
            output,
            residual: call.c.as_ref().map_or(output, |residual| at(&residual.pointer)),
            bias: call.bias.as_ref().map_or(0, |bias| at(&bias.pointer)),
            workspace: memory.workspace,
            workspace_bytes: memory.workspace_bytes,
        }
    }
}

/// The submissions of a step. Where the library cannot do what follows a product, a kernel does.
fn lower(plan: &Plan, step: &Step, chip: &Chip) -> Result<Lowered, LowerError> {
    let lowered = kernels::lower(plan, step, chip)?;
    let Op::Product(product) = &step.op else { return Ok(lowered) };
    let calls = lowered.tasks.into_iter().filter_map(|task| match task {
        Task::Product(call) => Some(call),
        Task::Launch(_) => None,
    });
    let (calls, is_whole) = products::split(calls.collect());
    let mut tasks: Vec<Task> = calls.into_iter().map(Task::Product).collect();
    if !is_whole {
        tasks.push(Task::Launch(kernels::epilogue(plan, product, step.output)?));
    }
    Ok(Lowered { tasks, ..lowered })
}

/// What an input's index must be, as an error names it.
pub(crate) fn check_indices(plan: &Plan, inputs: &[&[u8]]) -> Result<(), BackendError> {
    for bound in &plan.index_bounds {
        let (dtype, _) = plan.port(&plan.inputs[bound.input]);
        let outside = |index: i64| !(bound.min..=bound.max).contains(&index);
        let found = match dtype {
            phalanx_tensor::DType::I64 => numbers::<8>(inputs[bound.input])
                .map(i64::from_ne_bytes)
                .find(|&index| outside(index)),
            phalanx_tensor::DType::I32 => numbers::<4>(inputs[bound.input])
                .map(|bytes| i64::from(i32::from_ne_bytes(bytes)))
                .find(|&index| outside(index)),
            _ => None,
        };
        if let Some(index) = found {
            return Err(error::run(format!(
                "input {:?} has the index {index}; expected {} to {}",
                plan.inputs[bound.input].name, bound.min, bound.max
            )));
        }
    }
    Ok(())
}

fn numbers<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

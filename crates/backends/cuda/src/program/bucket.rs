use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use phalanx_backend::BackendError;
use phalanx_plan::Plan;

use super::memory::Memory;
use super::weights::Weights;
use super::work::{self, Loaded, Work};
use crate::driver::{DeviceMemory, Gpu, Stream, time_us};
use crate::kernels::{Chip, Launch};
use crate::{NAME, error};

/// A plan as submissions, not yet on a device.
#[derive(Debug)]
pub(crate) struct Planned {
    plan: Plan,
    work: Vec<Work<Launch>>,
    /// The step of each submission.
    steps: Vec<usize>,
    scratch_bytes: usize,
}

/// A plan made executable: kernels compiled, constants on the device. Slots and lanes share it.
#[derive(Debug)]
pub(crate) struct Bucket {
    planned: Arc<Planned>,
    work: Vec<Work<Loaded>>,
    weights: Vec<Arc<DeviceMemory>>,
    /// Whether it has run: the driver loads code as it is first used.
    ran: AtomicBool,
}

impl Planned {
    /// Chooses the submissions of each step.
    ///
    /// # Errors
    /// [`BackendError::UnsupportedOperators`] with the step that neither a kernel nor the library does.
    pub(super) fn new(plan: Plan, chip: &Chip) -> Result<Self, BackendError> {
        let (mut all, mut steps, mut scratch_bytes) = (Vec::new(), Vec::new(), 0);
        for (index, step) in plan.steps.iter().enumerate() {
            let (work, scratch) =
                work::lower(&plan, step, chip).map_err(|error| BackendError::UnsupportedOperators {
                    backend: NAME,
                    operators: vec![format!("{} ({}: {error})", step.op.name(), step.name)],
                })?;
            steps.resize(steps.len() + work.len(), index);
            all.extend(work);
            scratch_bytes = scratch_bytes.max(scratch);
        }
        Ok(Self { plan, work: all, steps, scratch_bytes })
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
        let work = planned.work.iter().map(|work| work.load(gpu, folder)).collect::<Result<_, _>>()?;
        let weights = weights.load(&planned.plan.constants)?;
        Ok(Self { planned, work, weights, ran: AtomicBool::new(false) })
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

    /// Finds the fastest way to compute each product, in memory that nobody else uses.
    ///
    /// # Errors
    /// [`BackendError::Prepare`] where there is none.
    pub(super) fn tune(&self, memory: &Memory<'_>, stream: &Stream) -> Result<(), BackendError> {
        self.work.iter().try_for_each(|work| work.tune(self.plan(), memory, stream))
    }

    /// Runs all of it and waits, unless it has run before, in whatever memory.
    ///
    /// # Errors
    /// What the driver says, and what went wrong on the device.
    pub(super) fn load(&self, memory: &Memory<'_>, stream: &Stream) -> Result<(), BackendError> {
        if self.ran.load(Ordering::Acquire) {
            return Ok(());
        }
        self.submit(memory, stream)?;
        stream.finish()?;
        self.ran.store(true, Ordering::Release);
        Ok(())
    }

    /// Submits all of it, in order.
    ///
    /// # Errors
    /// What the driver says.
    pub(super) fn submit(&self, memory: &Memory<'_>, stream: &Stream) -> Result<(), BackendError> {
        self.work.iter().try_for_each(|work| work.submit(self.plan(), memory, stream))
    }

    /// Microseconds of the device that each submission takes by itself, with the step that it belongs to.
    ///
    /// # Errors
    /// What went wrong on the device.
    pub(super) fn time(
        &self,
        memory: &Memory<'_>,
        stream: &Stream,
    ) -> Result<Vec<(usize, f32)>, BackendError> {
        let work = self.planned.steps.iter().zip(&self.work);
        let time = |(&step, work): (&usize, &Work<Loaded>)| {
            Ok((step, time_us(stream, || work.submit(self.plan(), memory, stream))?))
        };
        work.map(time).collect()
    }
}

/// What an input's index must be, as an error names it.
pub(crate) fn check_indices(plan: &Plan, inputs: &[&[u8]]) -> Result<(), BackendError> {
    for bound in &plan.index_bounds {
        let (dtype, _) = plan.port(&plan.inputs[bound.input]);
        let outside = |index: i64| !(bound.min..=bound.max).contains(&index);
        let found = match dtype {
            phalanx_tensor::DType::I64 => {
                numbers::<8>(inputs[bound.input]).map(i64::from_ne_bytes).find(|&index| outside(index))
            }
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

//! The program that the engine sees: lanes that are processes.

mod back_off;
mod layouts;
mod pool;
mod shared;
mod slots;
mod supervise;

use std::sync::Arc;

use phalanx_backend::{
    BackendError, Buckets, Completions, Lane, Layout, Limits, Placement, Program, ProgramMemory, Slot,
    WorkerProcess,
};
use phalanx_tensor::{Shape, Signature};

use crate::lane::{DEPTH_MAX, WorkerLane};
use crate::{Recipe, WorkerError, WorkerOptions, is_worker};

pub(crate) use shared::Shared;
pub(crate) use slots::Slots;

/// A model prepared in worker processes, one for each lane.
///
/// Dropping it, or [`Program::retire`], ends the workers that no lane uses; each of the others ends with its lane.
pub struct WorkerProgram(Arc<Shared>);

impl WorkerProgram {
    /// Starts the first worker, and waits until it has prepared the model.
    ///
    /// # Errors
    /// Every [`WorkerError`].
    pub fn start(recipe: Recipe, options: WorkerOptions) -> Result<Arc<Self>, WorkerError> {
        // Else a worker_exe that goes its own way would start itself without end.
        if is_worker() {
            return Err(WorkerError::Inside);
        }
        let program = Arc::new(Self(Arc::new(Shared::new(recipe, options))));
        supervise::start(&program.0)?;
        program.0.start_first()?;
        Ok(program)
    }
}

impl Drop for WorkerProgram {
    fn drop(&mut self) {
        self.0.retire();
    }
}

impl Program for WorkerProgram {
    fn signature(&self) -> &Signature {
        self.0.recipe.model.signature()
    }

    fn buckets(&self) -> Buckets {
        self.0.ready().buckets()
    }

    fn limits(&self) -> Limits {
        Limits { async_submit: true, lanes_max: self.0.ready().lanes_max(), depth_max: DEPTH_MAX }
    }

    fn layout(&self, input_tails: &[Shape]) -> Result<Layout, BackendError> {
        self.0.layout(input_tails)
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        self.0.slots.make(layout, rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        let worker = self.0.lease()?;
        Ok(Box::new(WorkerLane::new(Arc::clone(&self.0), worker, completions)))
    }

    fn placement(&self) -> Placement {
        self.0.ready().placement()
    }

    /// That of all workers together, as they wrote it down within the last seconds.
    fn memory(&self) -> ProgramMemory {
        let sum = |left: Option<u64>, right: Option<u64>| match (left, right) {
            (Some(left), Some(right)) => Some(left.saturating_add(right)),
            (left, right) => left.or(right),
        };
        let members = self.0.members();
        let memories = members.iter().map(|(worker, _)| worker.status().memory());
        memories.fold(ProgramMemory::default(), |total, [_, host, device]| ProgramMemory {
            host_bytes: sum(total.host_bytes, host),
            device_bytes: sum(total.device_bytes, device),
        })
    }

    fn workers(&self) -> Vec<WorkerProcess> {
        let members = self.0.members().into_iter();
        members
            .map(|(worker, is_spare)| WorkerProcess {
                pid: worker.pid(),
                is_spare,
                resident_bytes: worker.status().memory()[0],
            })
            .collect()
    }

    fn retire(&self) {
        self.0.retire();
    }
}

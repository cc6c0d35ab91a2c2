//! Single operations on streams of their own, for benchmarks of what submitting costs.

mod lower;
mod memory;
mod prepared;
mod queue;
mod recording;

use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use phalanx_backend::ops::{Operation, OperationDevice, Order, Route};
use phalanx_backend::{BackendError, Device};
use phalanx_tensor::Tensor;

use crate::driver::{Gpu, describe};
use crate::program::check_precision;
use queue::{Branches, Workspaces};

pub use memory::Memory;
pub use prepared::Prepared;
pub use queue::Queue;
pub use recording::Recording;

/// A GPU that single operations are submitted to. Made by [`Cuda::operations`](crate::Cuda::operations).
pub struct Operations {
    gpu: Arc<Gpu>,
    device: Device,
    description: String,
    kernels_folder: Option<PathBuf>,
    workspaces: Rc<Workspaces>,
    branches: Rc<Branches>,
}

impl Operations {
    pub(crate) fn new(
        gpu: Arc<Gpu>,
        ordinal: u32,
        kernels_folder: Option<PathBuf>,
    ) -> Result<Self, BackendError> {
        gpu.bind()?;
        let workspaces = Workspaces::new(&gpu)?;
        Ok(Self {
            branches: Branches::new(&workspaces),
            workspaces,
            gpu,
            device: Device::Cuda(ordinal),
            description: describe(ordinal)?,
            kernels_folder,
        })
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operations({})", self.device)
    }
}

impl OperationDevice for Operations {
    type Queue = Queue;
    type Memory = Memory;
    type Prepared = Prepared;
    type Recording = Recording;

    fn description(&self) -> String {
        self.description.clone()
    }

    fn routes(&self, operation: &Operation) -> Result<Vec<Route>, BackendError> {
        check_precision(operation.precision(), &self.gpu, self.device)?;
        Ok(lower::routes(operation, self.gpu.chip()))
    }

    fn queue(&self) -> Result<Queue, BackendError> {
        Queue::new(&self.gpu, &self.workspaces)
    }

    fn memory(
        &self,
        queue: &Queue,
        operation: &Operation,
        inputs: &[Tensor],
    ) -> Result<Memory, BackendError> {
        Memory::new(queue, operation, inputs)
    }

    fn prepare(&self, operation: &Operation, route: Route) -> Result<Prepared, BackendError> {
        Prepared::proposed(&self.gpu, self.kernels_folder.as_deref(), operation, route)
    }

    fn prepare_measured(
        &self,
        queue: &Queue,
        operation: &Operation,
        route: Route,
        memory: &Memory,
    ) -> Result<Prepared, BackendError> {
        Prepared::measured(queue, self.kernels_folder.as_deref(), operation, route, memory)
    }

    fn submit(&self, queue: &Queue, prepared: &Prepared, memory: &Memory) -> Result<(), BackendError> {
        prepared.check(queue, memory)?;
        prepared.submit(queue, memory)
    }

    fn record(
        &self,
        queue: &Queue,
        submissions: &[(Rc<Prepared>, Rc<Memory>)],
        order: Order,
    ) -> Result<Recording, BackendError> {
        Recording::new(queue, submissions, order, &self.branches)
    }

    fn replay(&self, queue: &Queue, recording: &Recording) -> Result<(), BackendError> {
        recording.replay(queue)
    }

    fn wait(&self, queue: &Queue) -> Result<(), BackendError> {
        queue.wait()
    }

    fn take(&self, queue: &Queue, memory: &Memory) -> Result<Tensor, BackendError> {
        memory.check(queue)?;
        let bytes = memory.result.download()?;
        memory.result.upload(&vec![u8::MAX; bytes.len()])?;
        let (dtype, shape) = (memory.operation.dtype(), memory.operation.output());
        Tensor::from_bytes(dtype, shape, bytes.into()).map_err(|error| crate::error::run(error.to_string()))
    }
}

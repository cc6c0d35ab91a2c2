use std::path::Path;

use phalanx_backend::BackendError;
use phalanx_backend::ops::{Operation, Route};
use smallvec::SmallVec;

use super::memory::alike;
use super::{Memory, Queue, lower};
use crate::driver::{Function, Gpu};
use crate::error;
use crate::kernels::{Launch, LowerError, ProductCall, Task};
use crate::products::{Described, workspace_bytes};

/// An operation by a route: descriptors with the library's algorithm, or kernels that are loaded.
pub struct Prepared {
    operation: Operation,
    parts: Vec<Part>,
}

enum Part {
    Kernel(Launch, Function),
    Product(Box<(ProductCall, Described)>),
}

impl Prepared {
    /// By what the library proposes first.
    pub(super) fn proposed(
        gpu: &Gpu,
        folder: Option<&Path>,
        operation: &Operation,
        route: Route,
    ) -> Result<Self, BackendError> {
        let workspace_bytes = workspace_bytes(gpu.chip());
        Self::new(gpu, folder, operation, route, |call| {
            Described::proposed(call, &alike(call, workspace_bytes), gpu)
        })
    }

    /// By what is the library's fastest in this memory.
    pub(super) fn measured(
        queue: &Queue,
        folder: Option<&Path>,
        operation: &Operation,
        route: Route,
        memory: &Memory,
    ) -> Result<Self, BackendError> {
        check(queue, operation, memory)?;
        Self::new(queue.stream.gpu(), folder, operation, route, |call| {
            Described::measured(call, &memory.addresses(call, queue.workspace.place()), &queue.stream)
        })
    }

    fn new(
        gpu: &Gpu,
        folder: Option<&Path>,
        operation: &Operation,
        route: Route,
        describe: impl Fn(&ProductCall) -> Result<Option<Described>, BackendError>,
    ) -> Result<Self, BackendError> {
        let none = || error::prepare(format!("{route} does not compute {operation:?}"));
        let too_large = |error: LowerError| error::prepare(error.to_string());
        let lowered = lower::lower(operation, route, gpu.chip()).map_err(too_large)?.ok_or_else(none)?;
        let parts = lowered.tasks.into_iter().map(|task| match task {
            Task::Launch(launch) => {
                let function = gpu.kernels.function(&launch, gpu.chip(), folder)?;
                Ok(Part::Kernel(launch, function))
            }
            Task::Product(call) => {
                let described = describe(&call)?.ok_or_else(none)?;
                Ok(Part::Product(Box::new((call, described))))
            }
        });
        Ok(Self { operation: operation.clone(), parts: parts.collect::<Result<_, BackendError>>()? })
    }

    /// Submits it to a queue, in memory that is of that queue or of the one that both are recorded for.
    pub(super) fn submit(&self, queue: &Queue, memory: &Memory) -> Result<(), BackendError> {
        for part in &self.parts {
            match part {
                Part::Kernel(launch, function) => {
                    let mut words: SmallVec<[u64; 16]> =
                        launch.arguments.iter().map(|it| memory.word(it)).collect();
                    let Launch { grid, block, shared_bytes, .. } = *launch;
                    // SAFETY: the arguments are those that the kernel was generated for, over the memory of the same
                    // operation, whose bytes are given back in the order of the queue that this is submitted to.
                    unsafe { function.launch(&queue.stream, grid, block, shared_bytes, &mut words) }?;
                }
                Part::Product(product) => {
                    let (call, described) = product.as_ref();
                    let addresses = memory.addresses(call, queue.workspace.place());
                    described.submit(&addresses, &queue.stream)?;
                }
            }
        }
        Ok(())
    }

    /// That it can be submitted to this queue in this memory.
    pub(super) fn check(&self, queue: &Queue, memory: &Memory) -> Result<(), BackendError> {
        check(queue, &self.operation, memory)
    }
}

fn check(queue: &Queue, operation: &Operation, memory: &Memory) -> Result<(), BackendError> {
    memory.check(queue)?;
    if memory.operation != *operation {
        return Err(error::run(format!(
            "expected memory for {operation:?}, got some for {:?}",
            memory.operation
        )));
    }
    Ok(())
}

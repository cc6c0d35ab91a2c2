use std::fmt;
use std::rc::Rc;

use phalanx_tensor::Tensor;

use super::Operation;
use crate::BackendError;

/// Who computes an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Route {
    /// The runtime's library.
    Library,
    /// A kernel of ours, by its name.
    Kernel(&'static str),
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Library => "library",
            Self::Kernel(name) => name,
        })
    }
}

/// How the submissions of a recording depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Each begins when the one before has ended.
    Chained,
    /// Dealt out to this many branches, which may run at the same time; within a branch as if chained.
    Independent {
        /// At least one.
        branches: usize,
    },
}

/// An operation that was prepared, and the memory that it is done in.
pub type Submission<P, M> = (Rc<P>, Rc<M>);

/// A device that single operations are submitted to. It is used on one thread.
///
/// Memory belongs to the queue that it was made on, and is only submitted there: then neither its owner nor the device
/// can use it before it is there or after it is gone.
pub trait OperationDevice {
    /// What is submitted to it runs in order.
    type Queue;
    /// The operands and the result of one operation.
    type Memory;
    /// An operation described by a route.
    type Prepared;
    /// Many submissions as one.
    type Recording;

    /// What it is, in the words of its driver or system.
    fn description(&self) -> String;

    /// Who can compute an operation here, the library first.
    ///
    /// # Errors
    /// [`BackendError::UnsupportedOption`] where the device has not its precision.
    fn routes(&self, operation: &Operation) -> Result<Vec<Route>, BackendError>;

    /// A queue. It waits for what runs in it when it is dropped.
    ///
    /// # Errors
    /// What the device says.
    fn queue(&self) -> Result<Self::Queue, BackendError>;

    /// Memory for an operation, with the operands brought to it.
    ///
    /// # Errors
    /// [`BackendError::Input`] where these are not its operands, [`BackendError::OutOfMemory`].
    fn memory(
        &self,
        queue: &Self::Queue,
        operation: &Operation,
        inputs: &[Tensor],
    ) -> Result<Self::Memory, BackendError>;

    /// An operation described as it is from scratch; of a library's algorithms the one that it proposes.
    ///
    /// # Errors
    /// [`BackendError::Prepare`] where the route does not compute it.
    fn prepare(&self, operation: &Operation, route: Route) -> Result<Self::Prepared, BackendError>;

    /// The same, of the library's algorithms by the fastest in `memory`.
    ///
    /// # Errors
    /// As [`OperationDevice::prepare`], and what went wrong on the device.
    fn prepare_measured(
        &self,
        queue: &Self::Queue,
        operation: &Operation,
        route: Route,
        memory: &Self::Memory,
    ) -> Result<Self::Prepared, BackendError>;

    /// Submits an operation, and does not wait for it where the device computes by itself.
    ///
    /// # Errors
    /// What the device says; [`BackendError::Run`] where the memory is another queue's, or for another operation.
    fn submit(
        &self,
        queue: &Self::Queue,
        prepared: &Self::Prepared,
        memory: &Self::Memory,
    ) -> Result<(), BackendError>;

    /// Many submissions as one, for this queue. Each operation was submitted by itself before.
    ///
    /// # Errors
    /// As [`OperationDevice::submit`].
    fn record(
        &self,
        queue: &Self::Queue,
        submissions: &[Submission<Self::Prepared, Self::Memory>],
        order: Order,
    ) -> Result<Self::Recording, BackendError>;

    /// Submits a recording to the queue that it was made for.
    ///
    /// # Errors
    /// As [`OperationDevice::submit`].
    fn replay(&self, queue: &Self::Queue, recording: &Self::Recording) -> Result<(), BackendError>;

    /// Waits, awake, until all that was submitted to this queue has ended, by a fence of the queue's own.
    ///
    /// # Errors
    /// What went wrong on the device.
    fn wait(&self, queue: &Self::Queue) -> Result<(), BackendError>;

    /// The result, once all that was submitted to this queue has ended. Its memory is filled with ones then, which are
    /// no number, so that an old result is never taken for a new one.
    ///
    /// # Errors
    /// What went wrong on the device.
    fn take(&self, queue: &Self::Queue, memory: &Self::Memory) -> Result<Tensor, BackendError>;
}

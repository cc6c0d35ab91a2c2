//! Single operations, without a model: matrix products and pairs of low-rank products, on a device's own queues.
//!
//! What a device's submission costs shows where one operation is submitted in many ways, from everything made anew to
//! many recorded as one. [`OperationDevice`] has the parts that such a comparison is put together from, in the words of
//! no runtime: a queue is a CUDA stream or a Metal command queue, a preparation a descriptor or a pipeline, a recording
//! a graph or a command buffer.

mod device;
mod operation;

pub use device::{OperationDevice, Order, Route, Submission};
pub use operation::{LoraPairs, Operation, Products};

//! Tensors as Phalanx sees them: a dtype, a shape and bytes on the host, with axis 0 as the batch axis.
//!
//! This crate does no I/O and knows no runtime. It holds what every other layer shares: [`DType`], [`Shape`],
//! the [`Signature`] of a model, the owned [`Tensor`] of a request, the [`HostBuffer`] a batch is gathered in,
//! and the copying of rows between the two ([`rows`]).

mod dtype;
mod element;
mod error;
mod host;
pub mod rows;
mod shape;
mod signature;
mod tensor;

pub use dtype::DType;
pub use element::Element;
pub use error::TensorError;
pub use host::{HostBuffer, HostMemory};
pub use shape::Shape;
pub use signature::{BatchAxis, Dim, Signature, TensorInfo};
pub use tensor::Tensor;

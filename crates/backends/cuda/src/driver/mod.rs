//! The parts of the driver's interface that are used here, owned and typed.

mod error;
mod event;
mod gpu;
mod graph;
mod memory;
mod module;
mod stream;
mod timer;

pub(crate) use error::{blas_failed, failed};
pub(crate) use event::Event;
pub(crate) use gpu::{Gpu, count, describe, driver_version};
pub(crate) use graph::Graph;
pub(crate) use memory::{DeviceMemory, Pinned};
pub(crate) use module::{Function, Module};
pub(crate) use stream::Stream;
pub(crate) use timer::time_us;

//! What a runtime must offer to carry batches: [`Backend`] prepares a model on a device, the [`Program`] it gives is
//! shared and immutable, and each [`Lane`] of it runs batches that were gathered in a [`Slot`].
//!
//! A backend does not know what a request is. It is handed whole batches under an id, and says through
//! [`Completions`] when one has finished, by its own fence and never by a device-wide wait. How exact its answers have to be is a [`Tolerance`].

mod backend;
mod buckets;
mod cache;
mod device;
mod error;
pub mod fit;
mod lane;
mod operator;
pub mod ops;
mod options;
mod program;
mod slot;
mod tolerance;

pub use backend::Backend;
pub use buckets::Buckets;
pub use cache::{Cache, Entry};
pub use device::{Device, DeviceInfo, Devices, ParseDeviceError};
pub use error::BackendError;
pub use lane::{BatchId, Completion, Completions, Interrupt, Lane, Loss};
pub use operator::OperatorTime;
pub use options::{Optimize, ParseOptionError, Precision, PrepareOptions};
pub use program::{Limits, Placement, Program, ProgramMemory, WorkerProcess};
pub use slot::{Layout, OutputSpec, RowSpec, Slot, SlotOutput};
pub use tolerance::Tolerance;

//! Owners of the C interface's objects. Everything above this module is free of raw pointers to them, but for the
//! arrays that a run takes.

mod dtype;
mod fault;
mod handle;
mod options;
mod session;
mod turn;
mod value;

pub(crate) use fault::{Fault, check};
pub(crate) use handle::Handle;
pub(crate) use options::SessionOptions;
pub(crate) use session::Session;
pub(crate) use turn::Alone;
pub(crate) use value::Value;

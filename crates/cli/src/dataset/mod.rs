//! A model's inputs and outputs in array files.

mod inputs;
mod outputs;
mod samples;
mod source;
mod target;

pub(crate) use inputs::Inputs;
pub(crate) use outputs::Outputs;
pub(crate) use samples::samples;
pub(crate) use target::Target;

/// The path that stands for standard input or output.
pub(crate) const STANDARD: &str = "-";

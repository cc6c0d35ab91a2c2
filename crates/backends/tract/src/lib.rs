//! The tract backend: ONNX models in pure Rust, with nothing to install. The default, and the reference for what a
//! model's answers should be.
//!
//! tract is fastest where it knows every shape, so a program prepares one plan for each set of input shapes that it
//! meets, on demand, and keeps the last few. The plans share their weights, and all lanes share the plans.

mod backend;
mod convert;
mod device;
mod dtype;
mod edges;
mod graph;
mod lane;
mod layout;
mod operator_times;
mod operators;
mod panics;
mod plan;
mod precision;
mod program;
mod share;
mod source;

pub use backend::Tract;

use phalanx_backend::BackendError;

/// The name this backend is chosen by.
const NAME: &str = "tract";

fn prepare_error(error: impl std::fmt::Display) -> BackendError {
    // The alternate form of tract's errors gives all their causes on one line.
    BackendError::Prepare { backend: NAME, message: format!("{error:#}") }
}

fn run_error(error: impl std::fmt::Display) -> BackendError {
    BackendError::Run { backend: NAME, message: format!("{error:#}") }
}

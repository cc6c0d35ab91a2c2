//! Runs a candidate in this process.

mod batched;
mod single;
mod time;

use phalanx_backend::BackendError;
use phalanx_tensor::BatchAxis;

use super::task::{Ran, Task};

/// Prepares the model, runs a small batch and a large one, and times both.
///
/// # Errors
/// Whatever the backend says.
pub(crate) fn run(task: &Task<'_>) -> Result<Ran, BackendError> {
    let program = task.backend.prepare(task.model, task.device(), task.options)?;
    match task.model.signature().batch_axis() {
        BatchAxis::None(_) => single::run(&program, task),
        BatchAxis::Dynamic | BatchAxis::Fixed(_) => batched::run(&program, task),
    }
}

/// A fault of what is run, not of the runtime.
fn engine_error(message: &(impl ToString + ?Sized)) -> BackendError {
    BackendError::Run { backend: "engine", message: message.to_string() }
}

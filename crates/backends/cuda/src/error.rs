use phalanx_backend::BackendError;

use crate::NAME;

/// The model cannot be prepared.
pub(crate) fn prepare(message: String) -> BackendError {
    BackendError::Prepare { backend: NAME, message }
}

/// A run failed.
pub(crate) fn run(message: String) -> BackendError {
    BackendError::Run { backend: NAME, message }
}

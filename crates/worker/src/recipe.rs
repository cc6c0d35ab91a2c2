use std::path::PathBuf;

use phalanx_backend::{Device, PrepareOptions};
use phalanx_model::Model;

/// What each worker prepares for itself.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The model. Its bytes are passed on in memory, so that workers started later have the same; weights beside it are
    /// read from their files.
    pub model: Model,
    /// The name of the backend, as [`worker_main`](crate::worker_main) is asked for it.
    pub backend: String,
    /// The library of its runtime, where one was chosen.
    pub library: Option<PathBuf>,
    /// The device.
    pub device: Device,
    /// The options; threads are those of one worker.
    pub options: PrepareOptions,
}

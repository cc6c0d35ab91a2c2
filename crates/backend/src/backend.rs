use std::sync::Arc;

use phalanx_model::Model;

use crate::{BackendError, Device, DeviceInfo, PrepareOptions, Program};

/// A runtime that can prepare models: `tract`, `onnxruntime`, `cuda`, `metal`.
pub trait Backend: Send + Sync {
    /// The name it is chosen by.
    fn name(&self) -> &'static str;

    /// Version of the runtime behind it, as that runtime gives it.
    ///
    /// # Errors
    /// [`BackendError::Unavailable`] where the runtime is not installed.
    fn version(&self) -> Result<String, BackendError>;

    /// The devices it can use on this machine, best first.
    ///
    /// # Errors
    /// [`BackendError::Unavailable`] where the runtime is not installed.
    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError>;

    /// The device that is meant where none is named.
    fn default_device(&self) -> Device {
        Device::Cpu
    }

    /// Prepares `model` for `device`. Weights are loaded once, here.
    ///
    /// # Errors
    /// Every variant of [`BackendError`] but those of a run.
    fn prepare(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError>;
}

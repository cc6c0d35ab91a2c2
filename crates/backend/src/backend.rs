use std::sync::Arc;

use phalanx_model::Model;
use phalanx_tensor::Tensor;

use crate::{BackendError, Device, DeviceInfo, OperatorTime, PrepareOptions, Program};

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

    /// How long each operator of the prepared model takes, in the order in which they run: the mean of so many runs with
    /// these inputs. `None` where the runtime does not tell. The model is prepared for it once more, since telling slows
    /// runs down.
    ///
    /// # Errors
    /// Those of [`Backend::prepare`] and of a run.
    fn operator_times(
        &self,
        _model: &Model,
        _device: Device,
        _options: &PrepareOptions,
        _inputs: &[Tensor],
        _runs: usize,
    ) -> Result<Option<Vec<OperatorTime>>, BackendError> {
        Ok(None)
    }
}

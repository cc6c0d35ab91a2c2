use std::path::PathBuf;
use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, Device, DeviceInfo, OperatorTime, PrepareOptions, Program};
use phalanx_model::Model;
use phalanx_tensor::Tensor;

use crate::program::{OrtProgram, operator_times};
use crate::{Library, NAME, device};

/// ONNX Runtime behind its C interface.
///
/// Its shared library is loaded by the first call that needs it, from the first of these places where there is one:
/// the path given to [`OnnxRuntime::with_library`]; the environment variable `ORT_DYLIB_PATH`; beside the executable;
/// `onnxruntime/capi` in the packages of `python3`, where PyPI's `onnxruntime`, `onnxruntime-gpu` and
/// `onnxruntime-webgpu` put it; the system's loader. Any version from 1.20 on will do. A process loads one library
/// and keeps it.
#[derive(Clone, Debug, Default)]
pub struct OnnxRuntime {
    path: Option<PathBuf>,
}

impl OnnxRuntime {
    /// The backend with whichever library is found.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The backend with the library at `path`, and no other.
    #[must_use]
    pub fn with_library(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()) }
    }

    /// The library it uses, loaded if it was not yet.
    ///
    /// # Errors
    /// [`BackendError::Unavailable`] where there is none, where it cannot be loaded or is older than 1.20, and where
    /// another one was asked for than this process has loaded.
    pub fn library(&self) -> Result<&'static Library, BackendError> {
        Library::get(self.path.as_deref())
    }
}

impl Backend for OnnxRuntime {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> Result<String, BackendError> {
        let library = self.library()?;
        Ok(format!("{} ({})", library.version(), library.path().display()))
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        device::list(self.library()?)
    }

    fn prepare(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        let library = self.library()?;
        device::expect(library, device)?;
        device::check_precision(device, options.precision, model)?;
        Ok(Arc::new(OrtProgram::prepare(library, model, device, options)?))
    }

    fn operator_times(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
        inputs: &[Tensor],
        runs: usize,
    ) -> Result<Option<Vec<OperatorTime>>, BackendError> {
        let library = self.library()?;
        device::expect(library, device)?;
        device::check_precision(device, options.precision, model)?;
        operator_times(library, model, device, options, (inputs, runs)).map(Some)
    }
}

use std::path::PathBuf;
use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, Device, DeviceInfo, OperatorTime, PrepareOptions, Program};
use phalanx_model::Model;
use phalanx_tensor::{Shape, Tensor};

use crate::driver::{self, Gpu};
use crate::ops::Operations;
use crate::program::{CudaProgram, check_precision, ordinal};
use crate::{NAME, compile, libraries};

/// The oldest driver that has all calls: that of CUDA 12.0, version 525.
const DRIVER_VERSION_MIN: u32 = 12_000;

/// The CUDA backend. The driver and its libraries are looked for when they are first needed.
#[derive(Clone, Debug, Default)]
pub struct Cuda {
    kernels_folder: Option<PathBuf>,
}

impl Cuda {
    /// A backend that keeps no compiled kernels.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps compiled kernels in this folder, so that the next start need not compile them.
    #[must_use]
    pub fn with_kernels_folder(folder: impl Into<PathBuf>) -> Self {
        Self { kernels_folder: Some(folder.into()) }
    }

    /// A GPU for single operations, without a model.
    ///
    /// # Errors
    /// [`BackendError::Unavailable`], [`BackendError::NoSuchDevice`], and what the driver says.
    pub fn operations(&self, device: Device) -> Result<Operations, BackendError> {
        let ordinal = ordinal(device, Self::count()?)?;
        Operations::new(Gpu::open(ordinal)?, ordinal, self.kernels_folder.clone())
    }

    fn program(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<CudaProgram, BackendError> {
        let gpu = Gpu::open(ordinal(device, Self::count()?)?)?;
        check_precision(options.precision, &gpu, device)?;
        CudaProgram::new(model, gpu, options, self.kernels_folder.clone())
    }

    fn count() -> Result<u32, BackendError> {
        libraries::load()?;
        let version = driver::driver_version()?;
        if version < DRIVER_VERSION_MIN {
            return Err(BackendError::Unavailable {
                backend: NAME,
                reason: format!("the driver is for CUDA {}, at least 12.0 is needed", dotted(version)),
                hint: Some("install NVIDIA's driver 525 or newer".to_owned()),
            });
        }
        driver::count()
    }
}

impl Backend for Cuda {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> Result<String, BackendError> {
        libraries::load()?;
        let driver = dotted(driver::driver_version()?);
        Ok(format!("driver for CUDA {driver}, NVRTC {}", compile::version()?))
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        let describe = |ordinal| {
            driver::describe(ordinal)
                .map(|description| DeviceInfo { device: Device::Cuda(ordinal), description })
        };
        (0..Self::count()?).map(describe).collect()
    }

    fn default_device(&self) -> Device {
        Device::Cuda(0)
    }

    fn prepare(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        Ok(Arc::new(self.program(model, device, options)?))
    }

    /// Each step by itself, back to back with others of its kind: nothing overlaps with it and nothing is copied. The
    /// numbers that the inputs hold play no part.
    fn operator_times(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
        inputs: &[Tensor],
        _runs: usize,
    ) -> Result<Option<Vec<OperatorTime>>, BackendError> {
        let shapes: Vec<Shape> = inputs.iter().map(|tensor| tensor.shape().clone()).collect();
        self.program(model, device, options)?.operator_times(&shapes).map(Some)
    }
}

/// A version as people write it.
fn dotted(version: u32) -> String {
    format!("{}.{}", version / 1000, version % 1000 / 10)
}

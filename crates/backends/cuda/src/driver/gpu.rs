use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use cudarc::cublaslt::{result as blas, sys as blas_sys};
use cudarc::driver::result::{self, ctx, device, primary_ctx};
use cudarc::driver::sys::{self, CUdevice_attribute as Attribute};
use phalanx_backend::BackendError;

use super::{blas_failed, failed};
use crate::compile::Kernels;
use crate::kernels::Chip;
use crate::products::Choices;

/// One NVIDIA GPU: its context, and what all programs on it share.
pub(crate) struct Gpu {
    ordinal: u32,
    device: sys::CUdevice,
    context: sys::CUcontext,
    chip: Chip,
    blas: blas_sys::cublasLtHandle_t,
    pub(crate) kernels: Kernels,
    /// Which algorithm is fastest for a product.
    pub(crate) choices: Choices,
}

// SAFETY: contexts and cuBLASLt handles may be used by any thread, and by several at once, as their documentation says.
unsafe impl Send for Gpu {}
// SAFETY: as above.
unsafe impl Sync for Gpu {}

impl Gpu {
    /// The GPU of this index; all who ask while it is in use share it.
    ///
    /// # Errors
    /// [`BackendError`] where the driver refuses.
    pub(crate) fn open(ordinal: u32) -> Result<Arc<Self>, BackendError> {
        static OPEN: Mutex<Option<HashMap<u32, Weak<Gpu>>>> = Mutex::new(None);
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        if let Some(gpu) = open.get(&ordinal).and_then(Weak::upgrade) {
            return Ok(gpu);
        }
        let gpu = Arc::new(Self::new(ordinal)?);
        open.insert(ordinal, Arc::downgrade(&gpu));
        Ok(gpu)
    }

    fn new(ordinal: u32) -> Result<Self, BackendError> {
        let device = find(ordinal)?;
        // SAFETY: the device was just given by the driver.
        let context = unsafe { primary_ctx::retain(device) }.map_err(failed("open the GPU"))?;
        // SAFETY: the context was just retained.
        unsafe { ctx::set_current(context) }.map_err(failed("use the GPU"))?;
        let number = |attribute| attribute_of(device, attribute);
        let chip = Chip {
            major: number(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            minor: number(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
            multiprocessors: number(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
            shared_bytes_max: number(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)?,
        };
        let blas = blas::create_handle().map_err(blas_failed("start cuBLASLt"))?;
        Ok(Self {
            ordinal,
            device,
            context,
            chip,
            blas,
            kernels: Kernels::default(),
            choices: Choices::default(),
        })
    }

    /// Makes it the GPU that calls of this thread are about.
    ///
    /// # Errors
    /// [`BackendError::DeviceLost`].
    pub(crate) fn bind(&self) -> Result<(), BackendError> {
        // SAFETY: the context is retained as long as this lives.
        unsafe { ctx::set_current(self.context) }.map_err(failed("use the GPU"))
    }

    pub(crate) fn chip(&self) -> &Chip {
        &self.chip
    }

    pub(crate) fn blas(&self) -> blas_sys::cublasLtHandle_t {
        self.blas
    }
}

impl Drop for Gpu {
    fn drop(&mut self) {
        if self.bind().is_ok() {
            self.kernels.clear();
        }
        // SAFETY: nothing that uses the handle or the context outlives this: all of it holds an `Arc` of it.
        unsafe {
            let _ = blas::destroy_handle(self.blas);
            let _ = primary_ctx::release(self.device);
        }
    }
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gpu({})", self.ordinal)
    }
}

/// How many GPUs the driver has.
///
/// # Errors
/// What the driver says; none is no error.
pub(crate) fn count() -> Result<u32, BackendError> {
    match result::init() {
        Ok(()) => {}
        Err(error) if error.0 == sys::CUresult::CUDA_ERROR_NO_DEVICE => return Ok(0),
        Err(error) => return Err(failed("start the driver")(error)),
    }
    let count = device::get_count().map_err(failed("count the GPUs"))?;
    Ok(u32::try_from(count).unwrap_or(0))
}

/// The words of the driver for a GPU: name, memory, architecture.
///
/// # Errors
/// What the driver says.
pub(crate) fn describe(ordinal: u32) -> Result<String, BackendError> {
    let device = find(ordinal)?;
    let name = device::get_name(device).map_err(failed("name the GPU"))?;
    // SAFETY: the device was just given by the driver.
    let bytes = unsafe { device::total_mem(device) }.map_err(failed("ask for the GPU's memory"))?;
    let major = attribute_of(device, Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
    let minor = attribute_of(device, Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
    Ok(format!("{name}, {} GiB, compute capability {major}.{minor}", bytes >> 30))
}

/// The newest CUDA that the driver knows, as it counts: 1000 for a major version, 10 for a minor one.
///
/// # Errors
/// What the driver says.
pub(crate) fn driver_version() -> Result<u32, BackendError> {
    let mut version = 0;
    // SAFETY: it writes one integer.
    unsafe { sys::cuDriverGetVersion(&raw mut version) }
        .result()
        .map_err(failed("ask for the driver's version"))?;
    Ok(u32::try_from(version).unwrap_or(0))
}

fn find(ordinal: u32) -> Result<sys::CUdevice, BackendError> {
    result::init().map_err(failed("start the driver"))?;
    device::get(i32::try_from(ordinal).unwrap_or(i32::MAX)).map_err(failed("find the GPU"))
}

fn attribute_of(device: sys::CUdevice, attribute: Attribute) -> Result<u32, BackendError> {
    // SAFETY: the device was given by the driver.
    let value =
        unsafe { device::get_attribute(device, attribute) }.map_err(failed("ask what the GPU can do"))?;
    Ok(u32::try_from(value).unwrap_or(0))
}

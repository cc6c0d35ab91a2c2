use std::ffi::c_void;
use std::sync::Arc;

use cudarc::driver::{result, sys};
use phalanx_backend::BackendError;

use super::{Gpu, Stream, failed};

/// Memory of the GPU, taken from and given back to its pool in the order of one stream, so that neither waits for the
/// device.
#[derive(Debug)]
pub(crate) struct DeviceMemory {
    stream: Arc<Stream>,
    address: sys::CUdeviceptr,
    len_bytes: usize,
}

impl DeviceMemory {
    /// At least one byte, aligned to 256. Other streams may use it once `stream` has come to this point.
    ///
    /// # Errors
    /// [`BackendError::OutOfMemory`].
    pub(crate) fn new(stream: &Arc<Stream>, len_bytes: usize) -> Result<Self, BackendError> {
        stream.gpu().bind()?;
        // SAFETY: the stream lives.
        let address = unsafe { result::malloc_async(stream.raw(), len_bytes.max(1)) };
        let address = address.map_err(failed("take memory of the GPU"))?;
        Ok(Self { stream: Arc::clone(stream), address, len_bytes })
    }

    pub(crate) fn address(&self) -> sys::CUdeviceptr {
        self.address
    }

    pub(crate) fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// Fills it, in the order of its stream; the bytes may be freed at once.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) fn upload(&self, bytes: &[u8]) -> Result<(), BackendError> {
        debug_assert!(bytes.len() <= self.len_bytes);
        let bytes = &bytes[..bytes.len().min(self.len_bytes)];
        // SAFETY: the memory has room for the bytes, and the driver has read pageable memory before it returns.
        unsafe { result::memcpy_htod_async(self.address, bytes, self.stream.raw()) }
            .map_err(failed("copy weights to the GPU"))
    }
}

impl DeviceMemory {
    /// The bytes that it has once its stream has come to this point, which is waited for.
    ///
    /// # Errors
    /// What went wrong on the device.
    pub(crate) fn download(&self) -> Result<Vec<u8>, BackendError> {
        let mut bytes = vec![0_u8; self.len_bytes];
        // SAFETY: both have this many bytes, and the host's are not touched before the stream has come to this point.
        let copied = unsafe { result::memcpy_dtoh_async(&mut bytes, self.address, self.stream.raw()) };
        // Also where it failed: the driver may have begun.
        let finished = self.stream.finish();
        copied.map_err(failed("copy results from the GPU"))?;
        finished.map(|()| bytes)
    }
}

impl Drop for DeviceMemory {
    fn drop(&mut self) {
        if self.stream.gpu().bind().is_ok() {
            // SAFETY: it is freed once, behind all that its stream was asked to do with it.
            let _ = unsafe { result::free_async(self.address, self.stream.raw()) };
        }
    }
}

/// Host memory that the GPU reads and writes by itself.
#[derive(Debug)]
pub(crate) struct Pinned {
    gpu: Arc<Gpu>,
    start: *mut c_void,
    len_bytes: usize,
}

// SAFETY: it is memory like any other, and only its owner reaches it.
unsafe impl Send for Pinned {}
// SAFETY: shared references only read it.
unsafe impl Sync for Pinned {}

impl Pinned {
    /// Zeroed.
    ///
    /// # Errors
    /// [`BackendError::OutOfMemory`].
    pub(crate) fn new(gpu: &Arc<Gpu>, len_bytes: usize) -> Result<Self, BackendError> {
        gpu.bind()?;
        let flags = sys::CU_MEMHOSTALLOC_PORTABLE | sys::CU_MEMHOSTALLOC_DEVICEMAP;
        // SAFETY: the memory is written below before anybody reads it.
        let start = unsafe { result::malloc_host(len_bytes.max(1), flags) }.map_err(failed("pin memory"))?;
        // SAFETY: that many bytes were just given.
        unsafe { start.cast::<u8>().write_bytes(0, len_bytes.max(1)) };
        Ok(Self { gpu: Arc::clone(gpu), start, len_bytes })
    }

    pub(crate) fn start(&self) -> *mut u8 {
        self.start.cast()
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        // SAFETY: it was given by the driver with this length, and initialised.
        unsafe { std::slice::from_raw_parts(self.start.cast(), self.len_bytes) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as above; `&mut self` says that nobody else looks.
        unsafe { std::slice::from_raw_parts_mut(self.start.cast(), self.len_bytes) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if self.gpu.bind().is_ok() {
            // SAFETY: it is freed once.
            let _ = unsafe { result::free_host(self.start) };
        }
    }
}

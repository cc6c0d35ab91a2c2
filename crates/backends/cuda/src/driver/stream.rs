use std::sync::Arc;

use cudarc::driver::result::stream;
use cudarc::driver::sys;
use phalanx_backend::BackendError;

use super::{Event, Gpu, failed};

/// A queue of the GPU: what is submitted to it runs in order.
#[derive(Debug)]
pub(crate) struct Stream {
    gpu: Arc<Gpu>,
    raw: sys::CUstream,
}

// SAFETY: the driver lets any thread use a stream.
unsafe impl Send for Stream {}
// SAFETY: the driver lets several threads use a stream at once.
unsafe impl Sync for Stream {}

impl Stream {
    /// A stream that waits for no other.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) fn new(gpu: &Arc<Gpu>) -> Result<Self, BackendError> {
        gpu.bind()?;
        let raw = stream::create(stream::StreamKind::NonBlocking).map_err(failed("make a stream"))?;
        Ok(Self { gpu: Arc::clone(gpu), raw })
    }

    pub(crate) fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    pub(crate) fn raw(&self) -> sys::CUstream {
        self.raw
    }

    /// Whether it has done all that was submitted to it so far.
    ///
    /// # Errors
    /// What went wrong on the device.
    pub(crate) fn is_through(&self) -> Result<bool, BackendError> {
        // SAFETY: it lives.
        match unsafe { sys::cuStreamQuery(self.raw) }.result() {
            Ok(()) => Ok(true),
            Err(error) if error.0 == sys::CUresult::CUDA_ERROR_NOT_READY => Ok(false),
            Err(error) => Err(failed("run what was submitted")(error)),
        }
    }

    /// Waits for what was submitted to this stream so far, by an event of its own.
    ///
    /// # Errors
    /// What went wrong on the device.
    pub(crate) fn finish(&self) -> Result<(), BackendError> {
        let event = Event::new(&self.gpu)?;
        event.record(self)?;
        event.wait()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.gpu.bind().is_ok() {
            // SAFETY: it is destroyed once; what still runs in it is finished first by the driver.
            let _ = unsafe { stream::destroy(self.raw) };
        }
    }
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use cudarc::driver::result::{event, stream};
use cudarc::driver::sys::{self, CUevent_flags as Flags, CUevent_wait_flags};
use phalanx_backend::BackendError;

use super::{Gpu, Stream, failed};

/// A place in a stream that can be waited for.
#[derive(Debug)]
pub(crate) struct Event {
    gpu: Arc<Gpu>,
    raw: sys::CUevent,
}

// SAFETY: the driver lets any thread use an event.
unsafe impl Send for Event {}
// SAFETY: the driver lets several threads use an event at once.
unsafe impl Sync for Event {}

impl Event {
    /// An event that a waiting thread sleeps for.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) fn new(gpu: &Arc<Gpu>) -> Result<Self, BackendError> {
        let flags = Flags::CU_EVENT_BLOCKING_SYNC as u32 | Flags::CU_EVENT_DISABLE_TIMING as u32;
        Self::with_flags(gpu, flags)
    }

    /// An event that knows when it happened.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) fn timed(gpu: &Arc<Gpu>) -> Result<Self, BackendError> {
        Self::with_flags(gpu, Flags::CU_EVENT_BLOCKING_SYNC as u32)
    }

    fn with_flags(gpu: &Arc<Gpu>, flags: u32) -> Result<Self, BackendError> {
        gpu.bind()?;
        let mut raw = std::ptr::null_mut();
        // SAFETY: it writes one handle.
        let made = unsafe { sys::cuEventCreate(&raw mut raw, flags) };
        made.result().map_err(failed("make an event"))?;
        Ok(Self { gpu: Arc::clone(gpu), raw })
    }

    /// Puts it behind what was submitted to the stream so far.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) fn record(&self, stream: &Stream) -> Result<(), BackendError> {
        // SAFETY: both live.
        unsafe { event::record(self.raw, stream.raw()) }.map_err(failed("record an event"))
    }

    /// Holds back what is submitted to the stream from now on until this has happened.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) fn hold(&self, held: &Stream) -> Result<(), BackendError> {
        let flags = CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
        // SAFETY: both live.
        unsafe { stream::wait_event(held.raw(), self.raw, flags) }.map_err(failed("hold back a stream"))
    }

    /// Whether it has happened.
    ///
    /// # Errors
    /// What went wrong on the device before it.
    pub(crate) fn has_happened(&self) -> Result<bool, BackendError> {
        // SAFETY: it lives.
        match unsafe { event::query(self.raw) } {
            Ok(()) => Ok(true),
            Err(error) if error.0 == sys::CUresult::CUDA_ERROR_NOT_READY => Ok(false),
            Err(error) => Err(failed("run a batch")(error)),
        }
    }

    /// Waits until it has happened, asleep.
    ///
    /// # Errors
    /// What went wrong on the device before it.
    pub(crate) fn wait(&self) -> Result<(), BackendError> {
        // SAFETY: it lives.
        unsafe { event::synchronize(self.raw) }.map_err(failed("run a batch"))
    }

    /// Waits until it has happened: awake for up to `spin`, then asleep.
    ///
    /// # Errors
    /// What went wrong on the device before it.
    pub(crate) fn wait_spinning(&self, spin: Duration) -> Result<(), BackendError> {
        if !spin.is_zero() {
            let start = Instant::now();
            while start.elapsed() < spin {
                if self.has_happened()? {
                    return Ok(());
                }
                std::hint::spin_loop();
            }
        }
        self.wait()
    }

    /// The time from `earlier` to this one; both are timed and have happened.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) fn since_ms(&self, earlier: &Self) -> Result<f32, BackendError> {
        // SAFETY: both live.
        unsafe { event::elapsed(earlier.raw, self.raw) }.map_err(failed("time a kernel"))
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if self.gpu.bind().is_ok() {
            // SAFETY: it is destroyed once.
            let _ = unsafe { event::destroy(self.raw) };
        }
    }
}

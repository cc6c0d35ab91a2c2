use cudarc::driver::result::{graph, stream};
use cudarc::driver::sys;
use phalanx_backend::BackendError;

use super::{Stream, failed};

/// What was submitted to a stream, to be submitted again as one.
#[derive(Debug)]
pub(crate) struct Graph {
    raw: sys::CUgraphExec,
}

// SAFETY: a graph may be launched by any thread; that only one does at a time is up to its owner.
unsafe impl Send for Graph {}
// SAFETY: as above.
unsafe impl Sync for Graph {}

impl Graph {
    /// Records what `submit` submits to the stream instead of running it.
    ///
    /// # Errors
    /// What `submit` says, and what the driver says.
    pub(crate) fn capture(
        on: &Stream,
        submit: impl FnOnce() -> Result<(), BackendError>,
    ) -> Result<Self, BackendError> {
        // Only what this thread does must not disturb the capture.
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        // SAFETY: the stream lives.
        unsafe { stream::begin_capture(on.raw(), mode) }.map_err(failed("begin to record a graph"))?;
        let submitted = submit();
        // SAFETY: the capture was begun above. It has to be ended also where the submission failed.
        let recorded = unsafe { stream::end_capture(on.raw()) }.map_err(failed("record a graph"));
        submitted?;
        let recorded = recorded?;
        // SAFETY: the graph was just recorded, and is destroyed once, here.
        let raw = unsafe {
            let raw = graph::instantiate(recorded, sys::CUgraphInstantiate_flags(0));
            let _ = graph::destroy(recorded);
            raw.map_err(failed("prepare a graph"))?
        };
        let graph = Self { raw };
        // SAFETY: both live.
        unsafe { sys::cuGraphUpload(graph.raw, on.raw()) }.result().map_err(failed("upload a graph"))?;
        Ok(graph)
    }

    /// Submits it to a stream.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) fn launch(&self, stream: &Stream) -> Result<(), BackendError> {
        // SAFETY: both live.
        unsafe { graph::launch(self.raw, stream.raw()) }.map_err(failed("launch a graph"))
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: it is destroyed once; the driver keeps it until a launch in flight has ended.
        let _ = unsafe { graph::exec_destroy(self.raw) };
    }
}

use std::sync::Arc;

use phalanx_tensor::{Shape, Signature};

use crate::{BackendError, Buckets, Completions, Lane, Layout, Slot};

/// What a program's lanes can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Whether `submit` returns before the batch has finished. Where it does not, `depth` counts batches formed ahead.
    pub async_submit: bool,
    /// Lanes that may be open at once.
    pub lanes_max: usize,
    /// Batches a lane can have in flight.
    pub depth_max: usize,
}

/// Where the nodes of a prepared model run.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Placement {
    /// Nodes of the prepared model.
    pub nodes: usize,
    /// Those that run on the CPU although another device was asked for: operator and count, most first.
    pub on_cpu: Vec<(String, usize)>,
}

impl Placement {
    /// Share of the nodes left on the CPU, 0 to 1.
    #[must_use]
    pub fn cpu_share(&self) -> f64 {
        let left: usize = self.on_cpu.iter().map(|(_, count)| count).sum();
        if self.nodes == 0 { 0.0 } else { left as f64 / self.nodes as f64 }
    }
}

/// Memory that a program holds besides slots, where the runtime tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ProgramMemory {
    /// On the host.
    pub host_bytes: Option<u64>,
    /// On the device.
    pub device_bytes: Option<u64>,
}

/// A process of its own that a lane runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerProcess {
    /// Its process id.
    pub pid: u32,
    /// Whether it is the one that waits to stand in for another.
    pub is_spare: bool,
    /// Memory it has resident, where the system tells.
    pub resident_bytes: Option<u64>,
}

/// A model prepared on one device; shared and immutable, weights loaded once.
pub trait Program: Send + Sync {
    /// Inputs and outputs of the model.
    fn signature(&self) -> &Signature;

    /// The row counts it runs.
    fn buckets(&self) -> Buckets;

    /// What its lanes can do.
    fn limits(&self) -> Limits;

    /// What a batch of rows of these shapes (one per input, axis 0 left out) gives. Called once for each group of
    /// requests that share their shapes, not for each batch.
    ///
    /// # Errors
    /// [`BackendError::Input`] where the model does not take such rows.
    fn layout(&self, input_tails: &[Shape]) -> Result<Layout, BackendError>;

    /// Buffers for a batch of up to `rows_max` rows, in the memory this program reads fastest.
    ///
    /// # Errors
    /// [`BackendError::OutOfMemory`].
    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError>;

    /// Opens a lane on the calling thread, which is the only one that will use it.
    ///
    /// # Errors
    /// [`BackendError::OutOfMemory`], [`BackendError::DeviceLost`].
    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError>;

    /// Where the model's nodes run.
    fn placement(&self) -> Placement {
        Placement::default()
    }

    /// Memory it holds.
    fn memory(&self) -> ProgramMemory {
        ProgramMemory::default()
    }

    /// The processes that its lanes run in, where they are not this one's threads.
    fn workers(&self) -> Vec<WorkerProcess> {
        Vec::new()
    }

    /// No lane will be opened any more: whoever waits in [`Program::open_lane`] gets an error at once.
    fn retire(&self) {}
}

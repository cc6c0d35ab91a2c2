use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::sys::CUdeviceptr;
use phalanx_backend::{BackendError, Layout, OutputSpec, Slot, SlotOutput};
use phalanx_plan::{ALIGNMENT_BYTES, Plan};
use phalanx_tensor::{HostBuffer, HostMemory, Shape, Tensor};

use super::bucket::{Bucket, Planned};
use super::copies::Copies;
use super::memory::Memory;
use super::registry::{Registry, Ticket};
use crate::driver::{DeviceMemory, Event, Gpu, Graph, Pinned, Stream};
use crate::error;
use crate::products::workspace_bytes;

/// The device's side of a slot: a stream, memory for one batch in flight, and a graph for each row count that was run.
#[derive(Debug)]
pub(crate) struct SlotState {
    stream: Arc<Stream>,
    /// Behind the last batch that was submitted.
    done: Event,
    /// Inputs and outputs.
    _ports: DeviceMemory,
    inputs: Vec<CUdeviceptr>,
    outputs: Vec<CUdeviceptr>,
    /// Where the host has the inputs and outputs.
    host_inputs: Vec<HostPlace>,
    host_outputs: Vec<HostPlace>,
    /// Outputs whose shape depends on the batch as a whole, which are handed out as tensors.
    dynamic: Vec<Pinned>,
    workspace: DeviceMemory,
    copies: Copies,
    /// What its largest bucket works in.
    work_bytes: usize,
    executables: Mutex<Vec<(usize, Arc<Executable>)>>,
    device_bytes: usize,
}

/// The start and size of a pinned buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HostPlace {
    pub(super) address: usize,
    pub(super) len_bytes: usize,
}

/// A bucket as a graph over the memory of one slot.
#[derive(Debug)]
pub(crate) struct Executable {
    bucket: Arc<Bucket>,
    graph: Graph,
    /// Arena and scratch.
    _work: Arc<DeviceMemory>,
}

/// A host buffer of a slot.
struct SlotMemory {
    pinned: Pinned,
    _ticket: Arc<Ticket>,
}

impl HostMemory for SlotMemory {
    fn as_slice(&self) -> &[u8] {
        self.pinned.as_slice()
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        self.pinned.as_mut_slice()
    }
}

/// A slot for up to `rows_max` rows; `largest` is its largest bucket.
///
/// # Errors
/// [`BackendError::OutOfMemory`].
pub(super) fn make(
    registry: &Arc<Registry>,
    gpu: &Arc<Gpu>,
    copies: &Copies,
    layout: &Arc<Layout>,
    rows_max: usize,
    largest: &Planned,
) -> Result<Slot, BackendError> {
    let pin = |len_bytes: usize| Pinned::new(gpu, len_bytes);
    let inputs: Vec<Pinned> =
        layout.inputs.iter().map(|spec| pin(spec.row_bytes * rows_max)).collect::<Result<_, _>>()?;
    let mut rows: Vec<Option<Pinned>> = Vec::new();
    let mut dynamic: Vec<Pinned> = Vec::new();
    let mut host_outputs: Vec<HostPlace> = Vec::new();
    for (spec, port) in layout.outputs.iter().zip(&largest.plan().outputs) {
        let pinned = match spec {
            OutputSpec::Rows(spec) => pin(spec.row_bytes * rows_max)?,
            OutputSpec::Dynamic(_) => pin(largest.plan().value(port.value).size_bytes())?,
        };
        host_outputs.push(HostPlace::of(&pinned));
        match spec {
            OutputSpec::Rows(_) => rows.push(Some(pinned)),
            OutputSpec::Dynamic(_) => {
                dynamic.push(pinned);
                rows.push(None);
            }
        }
    }
    let host_inputs = inputs.iter().map(HostPlace::of).collect();
    let state = SlotState::new(gpu, host_inputs, host_outputs, dynamic, copies, largest.work_bytes())?;
    let ticket = Arc::new(registry.add(Arc::new(state)));
    let buffer = |pinned| HostBuffer::foreign(Box::new(SlotMemory { pinned, _ticket: Arc::clone(&ticket) }));
    let mut pinned = inputs.into_iter().chain(rows.into_iter().flatten());
    let slot = Slot::new(crate::NAME, Arc::clone(layout), rows_max, |_| {
        pinned
            .next()
            .map(buffer)
            .ok_or_else(|| error::run("a slot has more buffers than its layout".to_owned()))
    })?;
    Ok(slot.with_tag(ticket.tag()))
}

impl HostPlace {
    pub(super) fn of(pinned: &Pinned) -> Self {
        Self { address: pinned.start() as usize, len_bytes: pinned.as_slice().len() }
    }

    fn of_buffer(buffer: &HostBuffer) -> Self {
        Self { address: buffer.as_slice().as_ptr() as usize, len_bytes: buffer.len() }
    }
}

impl Executable {
    pub(crate) fn plan(&self) -> &Plan {
        self.bucket.plan()
    }
}

impl SlotState {
    /// The device's side of host buffers at these places.
    ///
    /// # Errors
    /// [`BackendError::OutOfMemory`].
    pub(super) fn new(
        gpu: &Arc<Gpu>,
        host_inputs: Vec<HostPlace>,
        host_outputs: Vec<HostPlace>,
        dynamic: Vec<Pinned>,
        copies: &Copies,
        work_bytes: usize,
    ) -> Result<Self, BackendError> {
        let stream = Arc::new(Stream::new(gpu)?);
        let mut len_bytes = 0;
        let mut offset = |place: &HostPlace| {
            let start = len_bytes;
            len_bytes += place.len_bytes.max(1).next_multiple_of(ALIGNMENT_BYTES);
            start as u64
        };
        let inputs: Vec<u64> = host_inputs.iter().map(&mut offset).collect();
        let outputs: Vec<u64> = host_outputs.iter().map(&mut offset).collect();
        let ports = DeviceMemory::new(&stream, len_bytes)?;
        let workspace_bytes = workspace_bytes(gpu.chip());
        let workspace = DeviceMemory::new(&stream, workspace_bytes)?;
        let start = ports.address();
        Ok(Self {
            done: Event::new(gpu)?,
            stream,
            _ports: ports,
            inputs: inputs.into_iter().map(|offset| start + offset).collect(),
            outputs: outputs.into_iter().map(|offset| start + offset).collect(),
            host_inputs,
            host_outputs,
            dynamic,
            workspace,
            copies: copies.clone(),
            work_bytes,
            executables: Mutex::default(),
            device_bytes: len_bytes + workspace_bytes,
        })
    }

    /// Whether these are the buffers that its graphs copy from and to.
    pub(super) fn is_of(&self, slot: &Slot) -> bool {
        let inputs = slot.inputs.iter().map(HostPlace::of_buffer);
        let mut places = self.host_outputs.iter();
        let outputs_fit = slot.outputs.iter().all(|output| match (output, places.next()) {
            (SlotOutput::Buffer(buffer), Some(place)) => HostPlace::of_buffer(buffer) == *place,
            (SlotOutput::Dynamic(_), Some(_)) => true,
            (_, None) => false,
        });
        outputs_fit && inputs.eq(self.host_inputs.iter().copied())
    }

    pub(super) fn device_bytes(&self) -> usize {
        let executables = self.executables.lock().unwrap_or_else(PoisonError::into_inner);
        let work = executables.iter().map(|(_, executable)| &executable._work);
        let mut counted: Vec<*const DeviceMemory> = Vec::new();
        let mut bytes = self.device_bytes;
        for memory in work {
            if !counted.contains(&Arc::as_ptr(memory)) {
                counted.push(Arc::as_ptr(memory));
                bytes += memory.len_bytes();
            }
        }
        bytes
    }

    /// What runs this many rows, where it was prepared.
    pub(crate) fn executable(&self, rows: usize) -> Option<Arc<Executable>> {
        let executables = self.executables.lock().unwrap_or_else(PoisonError::into_inner);
        executables.iter().find(|(known, _)| *known == rows).map(|(_, executable)| Arc::clone(executable))
    }

    /// Prepares a bucket of this many rows for this slot: tunes its products, and records copies and computation as one
    /// graph. Nothing else may run in the slot meanwhile.
    ///
    /// # Errors
    /// [`BackendError::OutOfMemory`], [`BackendError::Prepare`], and what the driver says.
    pub(crate) fn prepare(&self, bucket: &Arc<Bucket>, rows: usize) -> Result<Arc<Executable>, BackendError> {
        let work = self.work_of(bucket.planned().work_bytes())?;
        let memory = self.memory(bucket, &work);
        bucket.tune(&memory, &self.stream)?;
        // Recording allows no code to be loaded.
        bucket.load(&memory, &self.stream)?;
        let graph = Graph::capture(&self.stream, || {
            self.copies.to_device(bucket.plan(), &self.host_inputs, &self.inputs, &self.stream)?;
            bucket.submit(&memory, &self.stream)?;
            self.copies.to_host(bucket.plan(), &self.outputs, &self.host_outputs, &self.stream)
        })?;
        let executable = Arc::new(Executable { bucket: Arc::clone(bucket), graph, _work: work });
        let mut executables = self.executables.lock().unwrap_or_else(PoisonError::into_inner);
        executables.retain(|(known, _)| *known != rows);
        executables.push((rows, Arc::clone(&executable)));
        Ok(executable)
    }

    /// Runs a bucket once, without a graph, and waits for it.
    ///
    /// # Errors
    /// As [`SlotState::prepare`], and what went wrong on the device.
    pub(super) fn run_once(&self, bucket: &Arc<Bucket>) -> Result<(), BackendError> {
        let work = self.work_of(bucket.planned().work_bytes())?;
        let memory = self.memory(bucket, &work);
        bucket.tune(&memory, &self.stream)?;
        self.copies.to_device(bucket.plan(), &self.host_inputs, &self.inputs, &self.stream)?;
        bucket.submit(&memory, &self.stream)?;
        self.copies.to_host(bucket.plan(), &self.outputs, &self.host_outputs, &self.stream)?;
        self.stream.finish()
    }

    /// Microseconds that each submission of a bucket takes by itself, with the step that it belongs to.
    ///
    /// # Errors
    /// As [`SlotState::run_once`].
    pub(super) fn time(&self, bucket: &Arc<Bucket>) -> Result<Vec<(usize, f32)>, BackendError> {
        self.run_once(bucket)?;
        let work = self.work_of(bucket.planned().work_bytes())?;
        bucket.time(&self.memory(bucket, &work), &self.stream)
    }

    /// Arena and scratch of at least `bytes`: those of another bucket of this slot, or new ones that are large enough for all.
    fn work_of(&self, bytes: usize) -> Result<Arc<DeviceMemory>, BackendError> {
        let executables = self.executables.lock().unwrap_or_else(PoisonError::into_inner);
        let known = executables.iter().map(|(_, executable)| &executable._work);
        if let Some(work) = known.filter(|work| work.len_bytes() >= bytes).max_by_key(|work| work.len_bytes())
        {
            return Ok(Arc::clone(work));
        }
        drop(executables);
        Ok(Arc::new(DeviceMemory::new(&self.stream, bytes.max(self.work_bytes))?))
    }

    fn memory<'a>(&'a self, bucket: &'a Bucket, work: &DeviceMemory) -> Memory<'a> {
        Memory {
            inputs: &self.inputs,
            outputs: &self.outputs,
            weights: bucket.weights(),
            arena: work.address(),
            scratch: work.address() + bucket.planned().arena_bytes() as u64,
            workspace: self.workspace.address(),
            workspace_bytes: self.workspace.len_bytes(),
        }
    }

    /// Waits until the batch in flight has ended: awake for up to `spin`, then asleep.
    ///
    /// # Errors
    /// What went wrong on the device.
    pub(crate) fn wait(&self, spin: std::time::Duration) -> Result<(), BackendError> {
        self.done.wait_spinning(spin)
    }

    /// Submits the copies and the computation of one batch, and the event behind them.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) fn launch(&self, executable: &Executable) -> Result<(), BackendError> {
        executable.graph.launch(&self.stream)?;
        self.done.record(&self.stream)
    }

    /// Puts the outputs of unknown shape into the slot, once the batch has ended.
    ///
    /// # Errors
    /// [`BackendError::Run`] where a tensor cannot be made.
    pub(crate) fn hand_out_dynamic(&self, plan: &Plan, slot: &mut Slot) -> Result<(), BackendError> {
        let mut dynamic = self.dynamic.iter();
        for (output, port) in slot.outputs.iter_mut().zip(&plan.outputs) {
            let SlotOutput::Dynamic(tensor) = output else { continue };
            let Some(pinned) = dynamic.next() else { continue };
            let (dtype, shape) = plan.port(port);
            *tensor = Some(tensor_of(dtype, shape, pinned.as_slice())?);
        }
        Ok(())
    }
}

/// A copy of the first bytes as a tensor.
pub(super) fn tensor_of(
    dtype: phalanx_tensor::DType,
    shape: &Shape,
    bytes: &[u8],
) -> Result<Tensor, BackendError> {
    let failed = |error: phalanx_tensor::TensorError| error::run(error.to_string());
    let len_bytes = shape.size_bytes(dtype).map_err(failed)?;
    let bytes = bytes
        .get(..len_bytes)
        .ok_or_else(|| error::run(format!("expected {len_bytes} bytes of an output, got {}", bytes.len())))?;
    Tensor::from_bytes(dtype, shape.clone(), bytes::Bytes::copy_from_slice(bytes)).map_err(failed)
}

//! A model on one GPU: its plans, what was prepared of them, its slots.

mod background;
mod bucket;
mod copies;
mod layout;
mod memory;
mod registry;
mod slot;
mod weights;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{
    BackendError, Buckets, Cache, Completions, Device, Lane, Layout, Limits, OperatorTime, Placement,
    PrepareOptions, Program, ProgramMemory, Slot, fit,
};
use phalanx_model::Model;
use phalanx_plan::{Precision, Source};
use phalanx_tensor::{BatchAxis, Shape, Signature, Tensor};

use crate::driver::{Gpu, Pinned, Stream};
use crate::lane::CudaLane;
use crate::{NAME, error};
use background::Background;
use bucket::Planned;
use copies::Copies;
use registry::Registry;
use slot::HostPlace;
use weights::Weights;

pub(crate) use bucket::{Bucket, check_indices};
pub(crate) use slot::{Executable, SlotState};

/// Row counts between a power of two and the next that are prepared for.
const STEPS_PER_OCTAVE: usize = 2;

/// Lanes of a program: more than this many streams share the device's queues.
const LANES_MAX: usize = 32;

/// Batches that a lane can have in flight.
const DEPTH_MAX: usize = 16;

/// The longest that a batch is waited for awake.
const SPIN_MAX: Duration = Duration::from_micros(50);

/// Sizes to try free axes at, where a model has such: a token, a short text, and two common images.
const PROBE_SIZES: [usize; 4] = [16, 64, 224, 1];

/// A model on one GPU. Lanes share it.
pub(crate) struct CudaProgram(Arc<Shared>);

/// What the lanes share.
pub(crate) struct Shared {
    signature: Signature,
    source: Source,
    precision: Precision,
    buckets: Buckets,
    gpu: Arc<Gpu>,
    weights: Weights,
    copies: Copies,
    planned: Cache<Arc<Planned>>,
    prepared: Cache<Arc<Bucket>>,
    registry: Arc<Registry>,
    background: Background,
    spin: Duration,
    kernels_folder: Option<PathBuf>,
    nodes: usize,
}

impl CudaProgram {
    pub(crate) fn new(
        model: &Model,
        gpu: Arc<Gpu>,
        options: &PrepareOptions,
        kernels_folder: Option<PathBuf>,
    ) -> Result<Self, BackendError> {
        let source = Source::new(model).map_err(|error| error.into_backend_error(NAME))?;
        let signature = model.signature().clone();
        let stream = Arc::new(Stream::new(&gpu)?);
        let copies = Copies::new(&gpu, kernels_folder.as_deref())?;
        let shapes_max = options.shapes_max.get();
        let shared = Shared {
            buckets: Buckets::prepared(&signature.batch_axis(), options.rows_max.get(), STEPS_PER_OCTAVE),
            signature,
            source,
            precision: options.precision,
            gpu,
            weights: Weights::new(&stream),
            copies,
            planned: Cache::new(shapes_max),
            prepared: Cache::new(shapes_max),
            registry: Arc::default(),
            background: Background::start()?,
            spin: Duration::from_micros(options.spin_us.into()).min(SPIN_MAX),
            kernels_folder,
            nodes: model.operators().values().sum(),
        };
        shared.try_out()?;
        Ok(Self(Arc::new(shared)))
    }
}

impl CudaProgram {
    /// How long each submission takes for inputs of these shapes.
    pub(crate) fn operator_times(&self, shapes: &[Shape]) -> Result<Vec<OperatorTime>, BackendError> {
        self.0.operator_times(shapes)
    }
}

impl Shared {
    pub(crate) fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    pub(crate) fn spin(&self) -> Duration {
        self.spin
    }

    /// The device's side of a slot, where it is one of this program's and still has its own buffers.
    pub(crate) fn state_of(&self, slot: &Slot) -> Option<Arc<SlotState>> {
        self.registry.get(slot.tag()).filter(|state| state.is_of(slot))
    }

    /// Does something on the thread that prepares.
    pub(crate) fn in_background(&self, job: impl FnOnce() + Send + 'static) {
        self.background.run(job);
    }

    /// A bucket for inputs of exactly these shapes.
    ///
    /// # Errors
    /// [`BackendError::UnsupportedOperators`], [`BackendError::Prepare`], [`BackendError::OutOfMemory`].
    pub(crate) fn bucket(&self, shapes: &[Shape]) -> Result<Arc<Bucket>, BackendError> {
        let planned = self.plan(shapes)?;
        let make = || {
            let folder = self.kernels_folder.as_deref();
            Bucket::new(planned, &self.gpu, &self.weights, folder).map(Arc::new)
        };
        Ok(Arc::clone(&self.prepared.get(shapes, make)?.value))
    }

    /// The shapes of the inputs of a batch.
    pub(crate) fn shapes(layout: &Layout, rows: usize) -> Vec<Shape> {
        layout.inputs.iter().map(|spec| spec.tail.with_rows(rows)).collect()
    }

    fn plan(&self, shapes: &[Shape]) -> Result<Arc<Planned>, BackendError> {
        let make = || {
            let plan = self.source.plan(shapes, self.precision);
            let plan = plan.map_err(|error| error.into_backend_error(NAME))?;
            Planned::new(plan, self.gpu.chip()).map(Arc::new)
        };
        Ok(Arc::clone(&self.planned.get(shapes, make)?.value))
    }

    /// Prepares one shape, so that a model that cannot run is refused now and not at its first batch.
    fn try_out(&self) -> Result<(), BackendError> {
        let rows = self.buckets.fit(1).unwrap_or(1);
        if let Some(shapes) = fit::shapes_with(&self.signature, rows, None) {
            return self.bucket(&shapes).map(drop);
        }
        let mut refusal = None;
        let sizes =
            PROBE_SIZES.iter().filter_map(|&size| fit::shapes_with(&self.signature, rows, Some(size)));
        for shapes in sizes {
            match self.bucket(&shapes) {
                Ok(_) => return Ok(()),
                Err(error) => refusal = Some(error),
            }
        }
        // Without a rank nothing can be tried.
        refusal.map_or(Ok(()), Err)
    }

    /// A slot for up to `rows_max` rows.
    ///
    /// # Errors
    /// [`BackendError::OutOfMemory`], and where no plan can be made.
    pub(crate) fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        let rows = self.buckets.fit(rows_max).unwrap_or(rows_max);
        let largest = self.plan(&Self::shapes(layout, rows))?;
        slot::make(&self.registry, &self.gpu, &self.copies, layout, rows_max.max(rows), &largest)
    }

    /// How long each step of a bucket takes by itself.
    ///
    /// # Errors
    /// What preparing or running says.
    fn operator_times(&self, shapes: &[Shape]) -> Result<Vec<OperatorTime>, BackendError> {
        let bucket = self.bucket(shapes)?;
        let plan = bucket.plan();
        let pin = |port: &phalanx_plan::Port| Pinned::new(&self.gpu, plan.value(port.value).size_bytes());
        let inputs: Vec<Pinned> = plan.inputs.iter().map(pin).collect::<Result<_, _>>()?;
        let outputs: Vec<Pinned> = plan.outputs.iter().map(pin).collect::<Result<_, _>>()?;
        let places = |pinned: &[Pinned]| pinned.iter().map(HostPlace::of).collect();
        let work_bytes = bucket.planned().work_bytes();
        let state = SlotState::new(
            &self.gpu,
            places(&inputs),
            places(&outputs),
            Vec::new(),
            &self.copies,
            work_bytes,
        )?;
        let times = state.time(&bucket)?.into_iter().map(|(step, took_us)| {
            let step = &plan.steps[step];
            OperatorTime {
                operator: step.op.name().to_owned(),
                node: step.name.clone(),
                mean_ns: f64::from(took_us) * 1e3,
            }
        });
        Ok(times.collect())
    }

    /// Runs inputs as they are, in memory of their own.
    ///
    /// # Errors
    /// [`BackendError::Input`], and what preparing or running says.
    pub(crate) fn run_single(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, BackendError> {
        let shapes = fit::check_tensors(&self.signature, inputs)?;
        let bucket = self.bucket(&shapes)?;
        let plan = bucket.plan();
        let bytes: Vec<&[u8]> = inputs.iter().map(Tensor::bytes).collect();
        check_indices(plan, &bytes)?;
        let pin = |port: &phalanx_plan::Port| Pinned::new(&self.gpu, plan.value(port.value).size_bytes());
        let mut pinned_inputs: Vec<Pinned> = plan.inputs.iter().map(pin).collect::<Result<_, _>>()?;
        let pinned_outputs: Vec<Pinned> = plan.outputs.iter().map(pin).collect::<Result<_, _>>()?;
        for (pinned, bytes) in pinned_inputs.iter_mut().zip(&bytes) {
            pinned.as_mut_slice()[..bytes.len()].copy_from_slice(bytes);
        }
        let places = |pinned: &[Pinned]| pinned.iter().map(HostPlace::of).collect();
        let work_bytes = bucket.planned().work_bytes();
        let state = SlotState::new(
            &self.gpu,
            places(&pinned_inputs),
            places(&pinned_outputs),
            Vec::new(),
            &self.copies,
            work_bytes,
        )?;
        state.run_once(&bucket)?;
        let outputs = plan.outputs.iter().zip(&pinned_outputs).map(|(port, pinned)| {
            let (dtype, shape) = plan.port(port);
            slot::tensor_of(dtype, shape, pinned.as_slice())
        });
        outputs.collect()
    }
}

impl Program for CudaProgram {
    fn signature(&self) -> &Signature {
        &self.0.signature
    }

    fn buckets(&self) -> Buckets {
        self.0.buckets.clone()
    }

    fn limits(&self) -> Limits {
        Limits { async_submit: true, lanes_max: LANES_MAX, depth_max: DEPTH_MAX }
    }

    fn layout(&self, input_tails: &[Shape]) -> Result<Layout, BackendError> {
        layout::layout(&self.0.signature, input_tails, |shapes| self.0.plan(shapes))
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        if let BatchAxis::None(reason) = self.0.signature.batch_axis() {
            return Err(fit::no_batches(&self.0.signature, &reason));
        }
        self.0.slot(layout, rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        CudaLane::open(Arc::clone(&self.0), completions).map(|lane| Box::new(lane) as Box<dyn Lane>)
    }

    fn placement(&self) -> Placement {
        Placement { nodes: self.0.nodes, on_cpu: Vec::new() }
    }

    fn memory(&self) -> ProgramMemory {
        let bytes = self.0.weights.size_bytes() + self.0.registry.size_bytes();
        ProgramMemory { host_bytes: None, device_bytes: Some(bytes as u64) }
    }
}

/// The device of this number, or those there are.
pub(crate) fn ordinal(device: Device, count: u32) -> Result<u32, BackendError> {
    match device {
        Device::Cuda(ordinal) if ordinal < count => Ok(ordinal),
        device => Err(BackendError::NoSuchDevice {
            backend: NAME,
            device,
            available: (0..count).map(Device::Cuda).collect(),
        }),
    }
}

/// The precision of an option, where this GPU has it.
pub(crate) fn check_precision(precision: Precision, gpu: &Gpu, device: Device) -> Result<(), BackendError> {
    let oldest_major = match precision {
        Precision::Fp32 | Precision::Fp16 => 7,
        Precision::Tf32 | Precision::Bf16 => 8,
    };
    if gpu.chip().major >= oldest_major {
        return Ok(());
    }
    let option = format!("precision {precision} (it takes compute capability {oldest_major}.0)");
    Err(BackendError::UnsupportedOption { backend: NAME, device, option })
}

pub(crate) fn failed_to_start(error: &std::io::Error) -> BackendError {
    error::prepare(format!("failed to start a thread: {error}"))
}

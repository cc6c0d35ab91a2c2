mod buckets;
mod layout;
mod learned;
mod operator_times;
mod placement;
mod probe;
mod sessions;

use std::sync::Arc;

use phalanx_backend::{
    BackendError, Buckets, Completions, Device, Lane, Layout, Limits, OutputSpec, Placement, PrepareOptions,
    Program, RowSpec, Slot,
};
use phalanx_model::Model;
use phalanx_tensor::{Shape, Signature, Tensor};

use crate::lane::OrtLane;
use crate::sys::Alone;
use crate::{Library, NAME, device};
use learned::Learned;
pub(crate) use operator_times::operator_times;
use sessions::Sessions;

/// Lanes that may be open at once where runs do not exclude each other: more than there are cores to run them.
const LANES_MAX: usize = 256;

/// Batches that a lane may have waiting. A lane ends each before it returns, so this bounds only what is formed ahead.
const DEPTH_MAX: usize = 64;

/// A model that the runtime has loaded for one device.
pub(crate) struct OrtProgram {
    shared: Arc<Shared>,
}

/// What a program's lanes share.
pub(crate) struct Shared {
    pub(crate) library: &'static Library,
    pub(crate) signature: Signature,
    pub(crate) sessions: Sessions,
    pub(crate) buckets: Buckets,
    device: Device,
    learned: Learned,
    placement: Placement,
}

impl OrtProgram {
    pub(crate) fn prepare(
        library: &'static Library,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<Self, BackendError> {
        Ok(Self { shared: Arc::new(Shared::prepare(library, model, device, options)?) })
    }
}

impl Shared {
    pub(crate) fn prepare(
        library: &'static Library,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<Self, BackendError> {
        let signature = model.signature().clone();
        let buckets = buckets::buckets(&signature.batch_axis(), device, options.rows_max.get());
        // Before the sessions that stay, so that the weights are never on the device twice.
        let placement = match device {
            Device::Cpu => Placement::default(),
            _ => placement::of(library, model, device, options)?,
        };
        let fixed = match (device, &buckets) {
            // With a batch axis that is dynamic, CoreML may end the process.
            (Device::CoreMl, Buckets::Fixed(sizes)) => sizes.as_slice(),
            _ => &[],
        };
        let sessions = Sessions::create(library, model, device, options, fixed)?;
        let learned = Learned::new(options.shapes_max.get());
        Ok(Self { library, signature, sessions, buckets, device, learned, placement })
    }

    /// Whether output `index` is an input under its own name: the runtime then gives the input's data instead of
    /// writing to the place it is given.
    pub(crate) fn is_input(&self, index: usize) -> bool {
        let name = &self.signature.outputs[index].name;
        self.signature.input_index(name).is_some()
    }

    /// Runs `inputs` as they are; the runtime allocates the outputs.
    pub(crate) fn run_single(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, BackendError> {
        crate::lane::run_single(self.library, self.sessions.any(), &self.signature, inputs)
    }

    /// What `outputs` are, where the signature leaves some of them open.
    fn settle(
        &self,
        inputs: &[RowSpec],
        outputs: Vec<Option<OutputSpec>>,
    ) -> Result<Vec<OutputSpec>, BackendError> {
        if outputs.iter().all(Option::is_some) {
            return Ok(outputs.into_iter().flatten().collect());
        }
        let seen = self.learned.get_or_learn(inputs, || probe::probe(self, inputs))?;
        Ok(outputs.into_iter().zip(seen).map(|(declared, seen)| declared.unwrap_or(seen)).collect())
    }
}

impl Program for OrtProgram {
    fn signature(&self) -> &Signature {
        &self.shared.signature
    }

    fn buckets(&self) -> Buckets {
        self.shared.buckets.clone()
    }

    fn limits(&self) -> Limits {
        let lanes_max = if device::alone(self.shared.device) == Alone::Always { 1 } else { LANES_MAX };
        Limits { async_submit: false, lanes_max, depth_max: DEPTH_MAX }
    }

    fn layout(&self, input_tails: &[Shape]) -> Result<Layout, BackendError> {
        let shared = &self.shared;
        let inputs = layout::inputs(&shared.signature, input_tails)?;
        let declared = layout::outputs(&shared.signature, input_tails);
        let outputs = shared.settle(&inputs, declared)?;
        Ok(Layout { inputs, outputs })
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        // A heap buffer aborts the process where there is no memory for it, so the allocator is asked first.
        let bytes = layout.row_bytes().checked_mul(rows_max);
        let fits = bytes.is_some_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok());
        if !fits {
            let message = format!("a slot of {rows_max} rows of {} bytes", layout.row_bytes());
            return Err(BackendError::OutOfMemory { backend: NAME, message });
        }
        Slot::heap(NAME, Arc::clone(layout), rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        Ok(Box::new(OrtLane::new(Arc::clone(&self.shared), completions)))
    }

    fn placement(&self) -> Placement {
        self.shared.placement.clone()
    }
}

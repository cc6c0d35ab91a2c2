use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use phalanx_backend::{
    BackendError, Buckets, Cache, Completions, Device, Entry, Lane, Layout, Limits, Optimize, Placement,
    PrepareOptions, Program, ProgramMemory, Slot, fit,
};
use phalanx_model::Model;
use phalanx_tensor::{Shape, Signature};
use tract_onnx::tract_core::ops::konst::Const;

use crate::graph::Graph;
use crate::lane::TractLane;
use crate::layout;
use crate::panics::guard;
use crate::plan::Plan;
use crate::share::{Constants, size_bytes};
use crate::source::Source;
use crate::{NAME, prepare_error};

/// Row counts between a power of two and the next that are prepared for.
const STEPS_PER_OCTAVE: usize = 4;

/// Sizes to try free axes at, where a model does not work before its shapes are fixed: a token, a short text, and two
/// common images.
const PROBE_SIZES: [usize; 4] = [1, 16, 64, 224];

/// A model on one device. Lanes share it.
pub(crate) struct TractProgram(Arc<Shared>);

/// What the lanes share.
pub(crate) struct Shared {
    signature: Signature,
    buckets: Buckets,
    device: Device,
    optimize: Optimize,
    threads: NonZeroUsize,
    graph: Graph,
    plans: Cache<Plan>,
    constants: Arc<Constants>,
    /// Evictions after which constants were last pruned.
    pruned_at: AtomicU64,
}

impl TractProgram {
    pub(crate) fn new(model: &Model, device: Device, options: &PrepareOptions) -> Result<Self, BackendError> {
        let signature = model.signature().clone();
        let graph = Graph::new(Source::new(model)?, &signature, options.optimize, options.precision)?;
        let shared = Shared {
            buckets: Buckets::prepared(&signature.batch_axis(), options.rows_max.get(), STEPS_PER_OCTAVE),
            signature,
            device,
            optimize: options.optimize,
            threads: options.threads,
            graph,
            plans: Cache::new(options.shapes_max.get()),
            constants: Arc::default(),
            pruned_at: AtomicU64::new(0),
        };
        shared.try_out()?;
        Ok(Self(Arc::new(shared)))
    }
}

impl TractProgram {
    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    pub(crate) fn signature(&self) -> &Signature {
        &self.signature
    }

    pub(crate) fn threads(&self) -> NonZeroUsize {
        self.threads
    }

    pub(crate) fn plans(&self) -> &Cache<Plan> {
        &self.plans
    }

    /// The plan for inputs of exactly these shapes.
    ///
    /// # Errors
    /// [`BackendError::Prepare`], [`BackendError::Panicked`].
    pub(crate) fn plan(&self, shapes: &[Shape]) -> Result<Arc<Entry<Plan>>, BackendError> {
        let plan = self.plans.get(shapes, || guard(|| self.compile(self.graph.at(shapes)?)))?;
        self.prune_constants();
        Ok(plan)
    }

    /// The plan that takes any shapes: slower, for inputs that cannot be prepared for.
    ///
    /// # Errors
    /// As [`Shared::plan`].
    pub(crate) fn plan_for_any(&self) -> Result<Arc<Entry<Plan>>, BackendError> {
        self.plans.get(&[], || guard(|| self.compile(self.graph.symbolic()?.clone())))
    }

    fn compile(&self, model: tract_onnx::prelude::TypedModel) -> Result<Plan, BackendError> {
        Plan::new(model, self.device, self.optimize, &self.constants).map_err(prepare_error)
    }

    fn prune_constants(&self) {
        let evictions = self.plans.evictions();
        if self.pruned_at.swap(evictions, Ordering::Relaxed) != evictions {
            self.constants.prune();
        }
    }

    /// Prepares one shape, so that a model that tract cannot run is refused now and not at its first batch.
    fn try_out(&self) -> Result<(), BackendError> {
        let rows = self.buckets.fit(1).unwrap_or(1);
        if let Some(shapes) = fit::shapes_with(&self.signature, rows, None) {
            return self.plan(&shapes).map(drop);
        }
        let Err(reason) = self.graph.symbolic() else { return Ok(()) };
        let mut attempts =
            PROBE_SIZES.iter().filter_map(|&size| fit::shapes_with(&self.signature, rows, Some(size)));
        // Without a rank nothing can be tried.
        let has_ranks = self.signature.inputs.iter().all(|info| info.dims.is_some());
        if !has_ranks || attempts.any(|shapes| self.graph.at(&shapes).is_ok()) { Ok(()) } else { Err(reason) }
    }
}

impl Program for TractProgram {
    fn signature(&self) -> &Signature {
        &self.0.signature
    }

    fn buckets(&self) -> Buckets {
        self.0.buckets.clone()
    }

    fn limits(&self) -> Limits {
        Limits { async_submit: false, lanes_max: usize::MAX, depth_max: 1 }
    }

    fn layout(&self, input_tails: &[Shape]) -> Result<Layout, BackendError> {
        guard(|| layout::layout(&self.0.signature, &self.0.graph, input_tails))
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        Slot::heap(NAME, Arc::clone(layout), rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        Ok(Box::new(TractLane::new(Arc::clone(&self.0), completions)?))
    }

    fn placement(&self) -> Placement {
        let rows = self.0.buckets.fit(1).unwrap_or(1);
        let plan = match fit::shapes_with(&self.0.signature, rows, None) {
            Some(shapes) => self.0.plan(&shapes),
            None => self.0.plan_for_any(),
        };
        plan.map(|plan| plan.value.placement(self.0.device)).unwrap_or_default()
    }

    fn memory(&self) -> ProgramMemory {
        let mut seen = HashSet::new();
        let parsed = self.0.graph.symbolic().into_iter().flat_map(|model| model.nodes());
        let constants = parsed.filter_map(|node| node.op_as::<Const>().map(Const::val));
        let host_bytes = constants
            .filter(|constant| seen.insert(Arc::as_ptr(constant)))
            .map(|constant| size_bytes(constant) as u64)
            .sum::<u64>();
        ProgramMemory {
            host_bytes: Some(host_bytes + self.0.constants.size_bytes_but(&seen)),
            device_bytes: None,
        }
    }
}

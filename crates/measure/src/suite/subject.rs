use std::cell::{OnceCell, RefCell};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Backend, BackendError, Device, PrepareOptions, Program};
use phalanx_engine::{Engine, EngineBuilder};
use phalanx_model::Model;
use phalanx_worker::{Recipe, WorkerOptions, WorkerProgram};

use crate::answers::Answers;
use crate::strategy::{Callers, Crew, Io, Order, Rule, Strategy};
use crate::{MeasureError, Samples};

/// Callers and time that find out what an engine can do, before it is given more than that.
const CAPACITY_CALLERS: usize = 64;
const CAPACITY_WINDOW: Duration = Duration::from_millis(500);

/// What all strategies run, and how.
pub struct Subject {
    /// The model.
    pub model: Model,
    /// What runs it.
    pub backend: Arc<dyn Backend>,
    /// On this device.
    pub device: Device,
    /// As it is prepared unless a strategy says otherwise. The largest batch any strategy runs fits into it.
    pub options: PrepareOptions,
    /// The model prepared with those.
    pub program: Arc<dyn Program>,
    /// Describes the engines, with the backend and the device named.
    pub builder: EngineBuilder,
    /// The library of the backend's runtime, where one was chosen.
    pub library: Option<PathBuf>,
    /// What is run as a worker process, where it is not to be searched for.
    pub worker_exe: Option<PathBuf>,
    /// What is sent.
    pub samples: Samples,
    /// What has to come back.
    pub answers: Arc<Answers>,
    /// Processors there are.
    pub cpus: usize,
    /// Rows of the batches of `raw`.
    pub batches: Vec<usize>,
    /// Where inputs are when a batch begins.
    pub io: Io,
    /// When results are waited for.
    pub rule: Rule,
    /// The latency that the open loops promise.
    pub slo: Duration,
    /// What one engine answers a second, measured when it is first asked for.
    pub capacity: OnceCell<f64>,
}

impl Subject {
    /// Whether requests share batches.
    #[must_use]
    pub fn batched(&self) -> bool {
        self.samples.batched()
    }

    /// Those of these batch sizes that the model can run.
    pub(super) fn fitting(&self, sizes: &[usize]) -> Vec<usize> {
        let largest = if self.batched() { self.program.buckets().max() } else { 1 };
        sizes.iter().copied().filter(|&rows| rows <= largest).collect()
    }

    /// Batches of so many rows, waited for as everywhere.
    pub(super) fn order(&self, strategy: &'static str, rows: usize) -> Order {
        Order { io: self.io, rule: self.rule, ..Order::of(strategy, rows) }
    }

    /// The model, prepared once more.
    pub(super) fn prepare(&self, options: &PrepareOptions) -> Result<Arc<dyn Program>, MeasureError> {
        Ok(self.backend.prepare(&self.model, self.device, options)?)
    }

    /// Threads that share the program.
    pub(super) fn crew(&self, threads: usize) -> Result<Rc<RefCell<Crew>>, MeasureError> {
        Crew::open(&[Arc::clone(&self.program)], threads, &self.samples, &self.answers)
    }

    /// Threads that each wait for a worker process.
    pub(super) fn worker_crew(&self, workers: usize) -> Result<Rc<RefCell<Crew>>, MeasureError> {
        let recipe = Recipe {
            model: self.model.clone(),
            backend: self.backend.name().to_owned(),
            library: self.library.clone(),
            device: self.device,
            options: self.options.clone(),
        };
        let mut options = WorkerOptions::find(self.worker_exe.as_deref()).map_err(BackendError::from)?;
        options.spare = false;
        let program = WorkerProgram::start(recipe, options).map_err(BackendError::from)?;
        Crew::open(&[program as Arc<dyn Program>], workers, &self.samples, &self.answers)
    }

    /// An engine as described, and changed.
    pub(super) fn engine(
        &self,
        change: impl FnOnce(EngineBuilder) -> EngineBuilder,
    ) -> Result<Engine, MeasureError> {
        Ok(change(self.builder.clone()).build()?)
    }

    /// Callers of an engine.
    pub(super) fn callers(&self, strategy: &'static str, engine: &Engine, callers: usize) -> Callers {
        let callers = Callers::new(strategy, engine, &self.samples, &self.answers, callers);
        callers.wait_every(self.rule.batches())
    }

    /// What an engine answers a second when it always has work.
    pub(super) fn capacity(&self, engine: &Engine) -> Result<f64, MeasureError> {
        if let Some(&rate) = self.capacity.get() {
            return Ok(rate);
        }
        let mut callers = Callers::new("policy", engine, &self.samples, &self.answers, CAPACITY_CALLERS);
        callers.window(CAPACITY_WINDOW / 2)?;
        let rate = callers.window(CAPACITY_WINDOW)?.samples_per_s();
        Ok(*self.capacity.get_or_init(|| rate))
    }

    /// One thread a run, as where lanes share the processors.
    pub(super) fn single_threaded(&self) -> PrepareOptions {
        PrepareOptions { threads: NonZeroUsize::MIN, ..self.options.clone() }
    }
}

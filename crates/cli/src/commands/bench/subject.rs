use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Backend, Device, PrepareOptions, Program};
use phalanx_engine::{BackendChoice, Batching, Engine, EngineBuilder, Request};
use phalanx_measure::answers::Answers;
use phalanx_measure::draw::Draw;
use phalanx_measure::null::{self, NullBackend};
use phalanx_measure::report::Row;
use phalanx_measure::strategy::{Callers, Crew, Dataset, Direct, Io, Order, Parameters, Raw, Rule, Strategy};
use phalanx_measure::suite::{self, Group};
use phalanx_measure::{Machine, MeasureError, Samples, Soak, WaitedLane};
use phalanx_model::Model;

use super::measure::is_side_by_side;
use crate::args::{EngineArgs, MeasureArgs, StrategyName};
use crate::dataset;
use crate::failure::Failure;
use crate::measuring::{self, REFERENCE_BUDGET};
use crate::progress::Progress;
use crate::session;

/// Concurrent callers of a model where none were given, and of the backend that only copies rows.
const CALLERS: usize = 64;
const CALLERS_NULL: usize = 256;

/// Rows of batches where none were given.
const BATCHES: [usize; 4] = [1, 8, 32, 128];
const BATCHES_ALL: [usize; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// Rows of the largest batch that a strategy of the suite runs.
const SUITE_ROWS_MAX: usize = 256;

/// What open loops promise where nothing was promised.
const SLO: Duration = Duration::from_millis(50);

/// What is measured: a model, an engine that runs it, the same model without an engine, and requests.
pub(super) struct Subject {
    pub(super) model: Model,
    pub(super) engine: Engine,
    /// Sizes chosen for the axes that the model leaves open.
    pub(super) chosen_dims: BTreeMap<String, usize>,
    pub(super) program: Arc<dyn Program>,
    pub(super) samples: Samples,
    builder: EngineBuilder,
    backend: Arc<dyn Backend>,
    /// All there are.
    backends: Vec<Arc<dyn Backend>>,
    options: PrepareOptions,
    answers: Arc<Answers>,
    callers_default: usize,
}

/// The rows of a group.
type Rows<'a> = Vec<Box<dyn Strategy + 'a>>;

impl Subject {
    /// The model at `path`, run as the options say.
    pub(super) fn model(args: &MeasureArgs, path: &Path) -> Result<Self, Failure> {
        let model = Model::load(path)?;
        let draw = args.samples.draw();
        let (samples, chosen_dims) = match &args.samples.inputs {
            Some(inputs) => (dataset::samples(inputs, model.signature())?, BTreeMap::new()),
            None => (measuring::draw(&model, &draw)?, draw.chosen_dims(model.signature())),
        };
        let mut builder = session::builder(&args.engine, &model)?;
        if args.engine.warmup.is_none() {
            builder = builder.warmup(samples.get(0).to_vec());
        }
        let engine = session::build(builder.clone())?;
        let backends = phalanx_engine::backends(args.engine.onnxruntime.as_deref());
        let backend = backends.iter().find(|backend| backend.name() == engine.info().backend).cloned();
        let backend =
            backend.ok_or_else(|| Failure::new("the engine runs a backend that is not built in"))?;
        let rows_max = if is_side_by_side(args) { 1 } else { SUITE_ROWS_MAX };
        let rows_max = sizes(args).into_iter().fold(rows_max, usize::max);
        let subject = Self::new((model, builder, engine), backend, rows_max, &samples)?;
        Ok(Self { chosen_dims, backends, callers_default: CALLERS, ..subject })
    }

    /// A model whose rows are copied and not computed with: what is left is the engine's own cost.
    pub(super) fn null(args: &MeasureArgs) -> Result<Self, Failure> {
        let model = null::model()?;
        let backend = BackendChoice::Custom(Arc::new(NullBackend));
        let builder = session::builder(&args.engine, &model)?.backend(backend);
        let engine = session::build(builder.clone())?;
        let samples = measuring::draw(&model, &Draw::default())?;
        let subject = Self::new((model, builder, engine), Arc::new(NullBackend), 1, &samples)?;
        Ok(Self { callers_default: CALLERS_NULL, ..subject })
    }

    fn new(
        (model, builder, engine): (Model, EngineBuilder, Engine),
        backend: Arc<dyn Backend>,
        rows_max: usize,
        samples: &Samples,
    ) -> Result<Self, Failure> {
        let options = measuring::prepare_options(&engine, rows_max);
        let program = backend.prepare(&model, engine.info().device, &options)?;
        let precision = engine.info().precision;
        let (answers, samples) = Answers::of(&*program, precision, samples, REFERENCE_BUDGET)?;
        let backends = vec![Arc::clone(&backend)];
        Ok(Self {
            model,
            engine,
            chosen_dims: BTreeMap::new(),
            program,
            samples,
            builder,
            backend,
            backends,
            options,
            answers: Arc::new(answers),
            callers_default: CALLERS,
        })
    }

    /// This model for the strategies of the suite, waiting as `rule` says.
    pub(super) fn suite(&self, args: &MeasureArgs, rule: Rule) -> Result<suite::Subject, Failure> {
        let info = self.engine.info();
        if args.io == Io::Resident && info.device != Device::Cpu {
            return Err(Failure::new(format_args!(
                "expected --io host: {} copies the inputs of each batch to {}, and cannot keep them there",
                info.backend, info.device
            )));
        }
        let mut options = self.options.clone();
        let mut program = Arc::clone(&self.program);
        if !is_side_by_side(args) {
            // Lanes share the processors: a run takes one thread, unless it was said otherwise.
            options.threads = args.engine.threads.unwrap_or(NonZeroUsize::MIN);
            program = self.backend.prepare(&self.model, info.device, &options)?;
        }
        Ok(suite::Subject {
            model: self.model.clone(),
            backend: Arc::clone(&self.backend),
            device: info.device,
            options,
            program,
            builder: self.settled(self.patient(args)?),
            library: args.engine.onnxruntime.clone(),
            worker_exe: args.engine.worker_exe.clone(),
            samples: self.samples.clone(),
            answers: Arc::clone(&self.answers),
            cpus: Machine::here().cpus,
            batches: sizes(args),
            io: args.io,
            rule,
            slo: args.engine.slo.unwrap_or(SLO),
            capacity: OnceCell::new(),
        })
    }

    /// Engines that promise nothing: closed loops ask for more than any promise allows. Open loops promise for themselves.
    fn patient(&self, args: &MeasureArgs) -> Result<EngineBuilder, Failure> {
        let engine = EngineArgs { slo: None, ..args.engine.clone() };
        let builder = session::builder(&engine, &self.model)?;
        if engine.warmup.is_some() {
            return Ok(builder);
        }
        Ok(builder.warmup(self.samples.get(0).to_vec()))
    }

    /// Everything that can compute on the device.
    pub(super) fn rivals(&self) -> Vec<Arc<dyn Backend>> {
        let device = self.engine.info().device;
        let has = |backend: &&Arc<dyn Backend>| {
            backend.devices().is_ok_and(|devices| devices.iter().any(|info| info.device == device))
        };
        self.backends.iter().filter(has).cloned().collect()
    }

    /// Raw, callers and dataset, in the order of the options, all in turn.
    pub(super) fn side_by_side<'a>(
        &'a self,
        args: &'a MeasureArgs,
        subject: Option<&'a suite::Subject>,
    ) -> Option<Group<'a>> {
        let rule = subject.map_or(Rule::Each, |subject| subject.rule);
        let batches = self.batches(args).len();
        let rows = args.strategy.iter().map(|strategy| match strategy {
            StrategyName::Raw if is_side_by_side(args) => batches,
            StrategyName::Callers => self.caller_counts(args).len(),
            StrategyName::Dataset if rule == Rule::Each => batches,
            _ => 0,
        });
        let rows = Some(rows.sum()).filter(|&rows| rows > 0)?;
        Some(Group::new("callers", "side by side", rows, move || {
            let mut strategies: Rows<'a> = Vec::new();
            for strategy in &args.strategy {
                match strategy {
                    StrategyName::Raw if is_side_by_side(args) => self.raw(args, rule, &mut strategies)?,
                    StrategyName::Callers => self.callers("callers", args, rule, &mut strategies),
                    StrategyName::Dataset if rule == Rule::Each => {
                        self.dataset(args, &mut strategies)?;
                    }
                    _ => {}
                }
            }
            Ok(strategies)
        }))
    }

    /// Callers of the backend that only copies rows.
    pub(super) fn null_group<'a>(&'a self, args: &'a MeasureArgs) -> Group<'a> {
        let group = Group::new("null", "callers", self.caller_counts(args).len(), move || {
            let mut strategies: Rows<'a> = Vec::new();
            self.callers("null", args, Rule::Each, &mut strategies);
            Ok(strategies)
        });
        group.of_another_model()
    }

    fn raw<'a>(
        &'a self,
        args: &MeasureArgs,
        rule: Rule,
        strategies: &mut Rows<'a>,
    ) -> Result<(), MeasureError> {
        if let Rule::Every(_) = rule {
            let program = [Arc::clone(&self.program)];
            let crew = Crew::open(&program, 1, &self.samples, &self.answers)?;
            for rows in self.batches(args) {
                let order = Order { io: args.io, rule, ..Order::of("raw", rows) };
                let parameters = Parameters::default().scaled("batch", rows);
                strategies.push(Box::new(Direct::new(&crew, order, rows, parameters)));
            }
            return Ok(());
        }
        let lane = Rc::new(RefCell::new(WaitedLane::open(&*self.program)?));
        for rows in self.batches(args) {
            strategies.push(Box::new(Raw::new(&*self.program, &lane, &self.samples, rows)?.io(args.io)));
        }
        Ok(())
    }

    fn dataset<'a>(&'a self, args: &MeasureArgs, strategies: &mut Rows<'a>) -> Result<(), MeasureError> {
        let batches = self.batches(args);
        let engine = self.engine_for(args, batches.iter().copied().max().unwrap_or(1))?;
        for rows in batches {
            strategies.push(Box::new(Dataset::new(&engine, &self.samples, &self.answers, rows)?));
        }
        Ok(())
    }

    /// An engine that runs batches of `rows` as a whole, unless the user said how large they may be.
    fn engine_for(&self, args: &MeasureArgs, rows: usize) -> Result<Engine, MeasureError> {
        if args.engine.max_batch.is_some() || rows <= self.engine.info().max_batch || !self.batched() {
            return Ok(self.engine.clone());
        }
        Ok(self.settled(self.builder.clone()).max_batch(rows).build()?)
    }

    /// The same backend and device again, whatever another search would find.
    fn settled(&self, builder: EngineBuilder) -> EngineBuilder {
        if self.engine.info().choice.is_none() {
            return builder;
        }
        let info = self.engine.info();
        builder.backend(BackendChoice::Named(info.backend.to_owned())).device(info.devices.clone())
    }

    /// Callers of the engine, under this name.
    fn callers<'a>(&'a self, name: &'static str, args: &MeasureArgs, rule: Rule, strategies: &mut Rows<'a>) {
        for callers in self.caller_counts(args) {
            let callers = Callers::new(name, &self.engine, &self.samples, &self.answers, callers);
            let callers = callers.wait_every(rule.batches()).threads(args.caller_threads.get());
            strategies.push(Box::new(callers.allocations(measuring::ALLOCATIONS)));
        }
    }

    /// Many requests of the first number of callers, and how much memory they leave behind.
    pub(super) fn soak(&self, args: &MeasureArgs) -> Result<Row, Failure> {
        let callers = self.caller_counts(args)[0];
        let progress = Progress::samples(args.requests);
        let soak = Soak { callers, requests: args.requests };
        let watch = move |answered| {
            progress.position(answered);
            ControlFlow::Continue(())
        };
        Ok(soak.run(&self.engine, &self.samples, &self.answers, watch)?)
    }

    /// Allocations a request that callers make for themselves: what making and dropping one takes.
    pub(super) fn caller_allocations(&self) -> Option<f64> {
        const REQUESTS: u32 = 10_000;
        let allocations = measuring::ALLOCATIONS?;
        let before = allocations();
        for index in 0..REQUESTS {
            std::hint::black_box(Request::new(self.samples.get(index as usize).to_vec()));
        }
        Some((allocations() - before) as f64 / f64::from(REQUESTS))
    }

    fn caller_counts(&self, args: &MeasureArgs) -> Vec<usize> {
        if args.callers.is_empty() { vec![self.callers_default] } else { args.callers.clone() }
    }

    fn batched(&self) -> bool {
        self.samples.batched() && !matches!(self.engine.info().batching, Batching::Unbatched { .. })
    }

    /// The batch sizes asked for that the model can run.
    fn batches(&self, args: &MeasureArgs) -> Vec<usize> {
        if !self.batched() {
            return vec![1];
        }
        let largest = self.program.buckets().max();
        let mut fitting: Vec<usize> = sizes(args).into_iter().filter(|&rows| rows <= largest).collect();
        if fitting.is_empty() {
            fitting.push(largest);
        }
        fitting
    }
}

/// The batch sizes asked for.
fn sizes(args: &MeasureArgs) -> Vec<usize> {
    let default: &[usize] = if args.strategy.contains(&StrategyName::All) { &BATCHES_ALL } else { &BATCHES };
    if args.batches.is_empty() {
        default.to_vec()
    } else {
        args.batches.iter().map(|rows| rows.get()).collect()
    }
}

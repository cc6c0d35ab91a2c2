use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use phalanx_backend::Program;
use phalanx_engine::{BackendChoice, Batching, Engine, EngineBuilder, Request};
use phalanx_measure::answers::Answers;
use phalanx_measure::draw::Draw;
use phalanx_measure::null::{self, NullBackend};
use phalanx_measure::report::Row;
use phalanx_measure::strategy::{Callers, Dataset, Raw, Strategy};
use phalanx_measure::{Samples, Soak, WaitedLane};
use phalanx_model::Model;

use crate::args::{BenchArgs, StrategyName};
use crate::dataset;
use crate::failure::Failure;
use crate::measuring::{self, REFERENCE_BUDGET};
use crate::progress::Progress;
use crate::session;

/// Concurrent callers of a model where none were given, and of the backend that only copies rows.
const CALLERS: usize = 64;
const CALLERS_NULL: usize = 256;

/// What is measured: a model, an engine that runs it, the same model without an engine, and requests.
pub(super) struct Subject {
    pub(super) model: Model,
    pub(super) engine: Engine,
    /// Sizes chosen for the axes that the model leaves open.
    pub(super) chosen_dims: BTreeMap<String, usize>,
    builder: EngineBuilder,
    program: Arc<dyn Program>,
    samples: Samples,
    answers: Arc<Answers>,
    callers_default: usize,
}

impl Subject {
    /// The model at `path`, run as the options say.
    pub(super) fn model(args: &BenchArgs, path: &Path) -> Result<Self, Failure> {
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
        let backend = backends.iter().find(|backend| backend.name() == engine.info().backend);
        let backend =
            backend.ok_or_else(|| Failure::new("the engine runs a backend that is not built in"))?;
        let rows_max = args.batches.iter().map(|rows| rows.get()).max().unwrap_or(1);
        let program = measuring::program(&**backend, &engine, &model, rows_max)?;
        Self::new(model, builder, engine, program, &samples).map(|subject| Self {
            chosen_dims,
            callers_default: CALLERS,
            ..subject
        })
    }

    /// A model whose rows are copied and not computed with: what is left is the engine's own cost.
    pub(super) fn null(args: &BenchArgs) -> Result<Self, Failure> {
        let model = null::model()?;
        let backend = BackendChoice::Custom(Arc::new(NullBackend));
        let builder = session::builder(&args.engine, &model)?.backend(backend);
        let engine = session::build(builder.clone())?;
        let samples = measuring::draw(&model, &Draw::default())?;
        let program = measuring::program(&NullBackend, &engine, &model, 1)?;
        Self::new(model, builder, engine, program, &samples)
            .map(|subject| Self { callers_default: CALLERS_NULL, ..subject })
    }

    fn new(
        model: Model,
        builder: EngineBuilder,
        engine: Engine,
        program: Arc<dyn Program>,
        samples: &Samples,
    ) -> Result<Self, Failure> {
        let precision = engine.info().precision;
        let (answers, samples) = Answers::of(&*program, precision, samples, REFERENCE_BUDGET)?;
        let (answers, chosen_dims) = (Arc::new(answers), BTreeMap::new());
        Ok(Self { model, engine, chosen_dims, builder, program, samples, answers, callers_default: CALLERS })
    }

    /// The strategies that measure a model, in the order of the options.
    pub(super) fn strategies(
        &self,
        args: &BenchArgs,
        strategies: &mut Vec<Box<dyn Strategy + '_>>,
    ) -> Result<(), Failure> {
        for strategy in &args.strategy {
            match strategy {
                StrategyName::Raw => self.raw(args, strategies)?,
                StrategyName::Callers => self.callers("callers", args, strategies),
                StrategyName::Dataset => self.dataset(args, strategies)?,
                StrategyName::Null | StrategyName::Soak => {}
            }
        }
        Ok(())
    }

    fn raw(&self, args: &BenchArgs, strategies: &mut Vec<Box<dyn Strategy + '_>>) -> Result<(), Failure> {
        let lane = Rc::new(RefCell::new(WaitedLane::open(&*self.program)?));
        for rows in self.batches(args) {
            strategies.push(Box::new(Raw::new(&*self.program, &lane, &self.samples, rows)?));
        }
        Ok(())
    }

    fn dataset(&self, args: &BenchArgs, strategies: &mut Vec<Box<dyn Strategy + '_>>) -> Result<(), Failure> {
        let batches = self.batches(args);
        let engine = self.engine_for(args, batches.iter().copied().max().unwrap_or(1))?;
        for rows in batches {
            strategies.push(Box::new(Dataset::new(&engine, &self.samples, &self.answers, rows)?));
        }
        Ok(())
    }

    /// An engine that runs batches of `rows` as a whole, unless the user said how large they may be.
    fn engine_for(&self, args: &BenchArgs, rows: usize) -> Result<Engine, Failure> {
        if args.engine.max_batch.is_some() || rows <= self.engine.info().max_batch || !self.batched() {
            return Ok(self.engine.clone());
        }
        let mut builder = self.builder.clone().max_batch(rows);
        if self.engine.info().choice.is_some() {
            // The same again, whatever another search would find.
            let info = self.engine.info();
            builder = builder.backend(BackendChoice::Named(info.backend.to_owned())).device(info.device);
        }
        Ok(builder.build()?)
    }

    /// Callers of the engine, under this name.
    pub(super) fn callers(
        &self,
        name: &'static str,
        args: &BenchArgs,
        strategies: &mut Vec<Box<dyn Strategy + '_>>,
    ) {
        for callers in self.caller_counts(args) {
            let callers = Callers::new(name, &self.engine, &self.samples, &self.answers, callers);
            strategies.push(Box::new(callers.allocations(measuring::ALLOCATIONS)));
        }
    }

    /// Many requests of the first number of callers, and how much memory they leave behind.
    pub(super) fn soak(&self, args: &BenchArgs) -> Result<Row, Failure> {
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

    fn caller_counts(&self, args: &BenchArgs) -> Vec<usize> {
        if args.callers.is_empty() { vec![self.callers_default] } else { args.callers.clone() }
    }

    fn batched(&self) -> bool {
        self.samples.batched() && !matches!(self.engine.info().batching, Batching::Unbatched { .. })
    }

    /// The batch sizes asked for that the model can run.
    fn batches(&self, args: &BenchArgs) -> Vec<usize> {
        if !self.batched() {
            return vec![1];
        }
        let largest = self.program.buckets().max();
        let mut fitting: Vec<usize> =
            args.batches.iter().map(|rows| rows.get()).filter(|&rows| rows <= largest).collect();
        if fitting.is_empty() {
            fitting.push(largest);
        }
        fitting
    }
}

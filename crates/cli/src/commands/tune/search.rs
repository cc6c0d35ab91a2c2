use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::error::ErrorKind;
use phalanx_backend::Device;
use phalanx_engine::choice::cache_folder;
use phalanx_engine::{BackendChoice, EngineInfo};
use phalanx_measure::tune::{Fixed, Found, Knobs, Objective, Observer, State, Subject, TunePlan, Tuner};
use phalanx_measure::{Machine, Samples};
use phalanx_model::Model;

use crate::args::{EngineArgs, TuneArgs};
use crate::failure::Failure;
use crate::{dataset, measuring, session};

/// Rows of the largest batch that is tried.
const ROWS_MAX: usize = 256;
/// Configurations that run on the real engine, besides the usual one and the neighbours of the best.
const TRIALS_MAX: usize = 4;

/// A search that is ready to run.
pub(super) struct Search {
    pub(super) plan: TunePlan,
    /// The engine as it is without being tuned.
    pub(super) usual: EngineInfo,
    backends: Vec<(String, Device)>,
    subject: Subject,
    state: State,
    path: Option<PathBuf>,
}

impl Search {
    /// Builds the engine as it is without being tuned, and looks up what was measured before.
    pub(super) fn new(args: &TuneArgs) -> Result<Self, Failure> {
        if args.objective == Objective::Goodput && args.engine.slo.is_none() {
            let message = "the goodput is about a latency: expected --slo";
            return Err(Failure::usage(ErrorKind::MissingRequiredArgument, message));
        }
        let device = args.engine.one_device()?;
        let model = Model::load(&args.model)?;
        let samples = samples(args, &model)?;
        let mut builder = session::builder(&args.engine, &model)?;
        if args.engine.warmup.is_none() {
            builder = builder.warmup(samples.get(0).to_vec());
        }
        let engine = session::build(builder.clone())?;
        let plan = plan(args, device);
        let usual = engine.info().clone();
        let backends = backends(args, &usual);
        let (path, state) = kept(args, &model);
        let subject = Subject::new(builder, &samples, &engine)?;
        Ok(Self { plan, usual, backends, subject, state, path })
    }

    /// Memory that the program had resident with this variant of the model.
    pub(super) fn resident_bytes(&self, knobs: &Knobs) -> Option<u64> {
        let kept = State::load(self.path.as_deref()?, &self.state.key);
        kept.times.get(&knobs.variant.to_string()).map(|timed| timed.resident_bytes)
    }

    /// Searches.
    pub(super) fn run(&self, observer: &mut dyn Observer) -> Result<Found, Failure> {
        let usual = Knobs::of(&self.usual);
        let tuner =
            Tuner::new(&self.plan, &self.subject, usual, self.state.clone(), self.path.clone(), observer);
        Ok(tuner.run(&self.backends)?)
    }
}

/// The options with what was found for those that were not given.
pub(super) fn apply(args: &EngineArgs, knobs: &Knobs) -> EngineArgs {
    let mut args = args.clone();
    let variant = &knobs.variant;
    args.backend.get_or_insert_with(|| BackendChoice::Named(variant.backend.clone()));
    args.device = args.device.or_else(|| variant.device.parse().ok());
    args.isolation = args.isolation.or(variant.isolation.parse().ok());
    args.precision = args.precision.or(variant.precision.parse().ok());
    args.lanes = args.lanes.or(NonZeroUsize::new(variant.lanes));
    args.threads = args.threads.or(NonZeroUsize::new(variant.threads));
    args.max_batch = args.max_batch.or(NonZeroUsize::new(knobs.max_batch));
    args.depth = args.depth.or(NonZeroUsize::new(knobs.depth));
    args.policy = args.policy.or(knobs.policy.parse().ok());
    args
}

fn samples(args: &TuneArgs, model: &Model) -> Result<Samples, Failure> {
    match &args.samples.inputs {
        Some(inputs) => dataset::samples(inputs, model.signature()),
        None => measuring::draw(model, &args.samples.draw()),
    }
}

fn plan(args: &TuneArgs, device: Option<Device>) -> TunePlan {
    let engine = &args.engine;
    let mut precisions = vec![engine.precision.unwrap_or_default()];
    precisions.extend(args.try_precision.iter().filter(|other| Some(**other) != engine.precision));
    precisions.dedup();
    TunePlan {
        slo: engine.slo,
        rate: args.rate,
        objective: args.objective,
        arrivals: args.arrivals,
        memory_limit: args.memory_limit.map(|bytes| bytes as u64),
        budget: args.budget,
        fixed: Fixed {
            backend: match &engine.backend {
                Some(BackendChoice::Named(name)) => Some(name.clone()),
                _ => None,
            },
            device,
            isolation: engine.isolation,
            try_processes: args.try_processes,
            precisions,
            lanes: engine.lanes.map(usize::from),
            threads: engine.threads.map(usize::from),
            max_batch: engine.max_batch.map(usize::from),
            depth: engine.depth.map(usize::from),
            policy: engine.policy,
        },
        rows_max: ROWS_MAX,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        trials_max: TRIALS_MAX,
        seed: args.samples.seed,
    }
}

/// The backend that the engine takes by itself, and then those of the others that are here.
fn backends(args: &TuneArgs, usual: &EngineInfo) -> Vec<(String, Device)> {
    let mut all = vec![(usual.backend.to_owned(), usual.device)];
    if !matches!(args.engine.backend, None | Some(BackendChoice::Auto)) {
        return all;
    }
    for backend in phalanx_engine::backends(args.engine.onnxruntime.as_deref()) {
        if backend.version().is_ok() {
            let candidate = (backend.name().to_owned(), args.engine.device());
            if !all.contains(&candidate) {
                all.push(candidate);
            }
        }
    }
    all
}

/// What was found before for this question, on this machine.
pub(super) fn found_before(args: &TuneArgs) -> Result<Option<Found>, Failure> {
    Ok(kept(args, &Model::load(&args.model)?).1.found)
}

/// What was measured before, and where that is kept.
fn kept(args: &TuneArgs, model: &Model) -> (Option<PathBuf>, State) {
    let key = key(args, model);
    let path = cache_folder().map(|folder| State::path(&folder, &key));
    let state = path.as_deref().filter(|_| !args.fresh).map(|path| State::load(path, &key));
    (path, state.unwrap_or(State { key, ..State::default() }))
}

/// All that the figures depend on.
fn key(args: &TuneArgs, model: &Model) -> String {
    let versions: Vec<String> = phalanx_engine::backends(args.engine.onnxruntime.as_deref())
        .iter()
        .filter_map(|backend| Some(format!("{} {}", backend.name(), backend.version().ok()?)))
        .collect();
    let machine = Machine::here();
    let TuneArgs {
        objective,
        rate,
        arrivals,
        memory_limit,
        try_processes,
        try_precision,
        samples,
        engine,
        ..
    } = args;
    format!(
        "phalanx {}; {}, {} processors, {}, {}; {versions:?}; model {:032x}; {objective} {rate:?} {arrivals} \
         {memory_limit:?} {try_processes} {try_precision:?}; {samples:?}; {engine:?}",
        env!("CARGO_PKG_VERSION"),
        machine.cpu,
        machine.cpus,
        machine.arch,
        machine.system,
        model.fingerprint(),
    )
}

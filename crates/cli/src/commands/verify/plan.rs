use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::Backend;
use phalanx_engine::choice::{self, Search};
use phalanx_engine::{BackendChoice, Isolated};
use phalanx_measure::verify::{
    Config, Correctness, Level, Matrix, Memory, Performance, Plan, Setup, Stability, Strikes, Subject,
};
use phalanx_model::Model;

use super::baseline;
use crate::args::{EngineArgs, VerifyArgs};
use crate::failure::Failure;
use crate::{dataset, measuring, session, settings};

/// Backends that may serve as the reference, the preferred first.
const REFERENCES: [&str; 2] = ["tract", "onnxruntime"];

/// What the options ask for.
pub(super) fn plan(args: &VerifyArgs) -> Result<Plan, Failure> {
    let (backends, library) = (backends(&args.engine), args.engine.onnxruntime.as_deref());
    let look = |backend: &dyn Backend| choice::devices(backend, library, &Search::in_children());
    let apart = |backend| {
        let worker_exe = args.engine.worker_exe.as_deref();
        Arc::new(Isolated::new(backend, library, worker_exe)) as Arc<dyn Backend>
    };
    let (subjects, absent) = Subject::all(&backends, args.engine.one_device()?, look, apart);
    let mut plan = Plan::new(setup(args)?, subjects);
    if !args.level.is_empty() {
        plan.levels = args.level.iter().copied().collect();
    }
    plan.absent = absent;
    let is_named = matches!(args.engine.backend, Some(BackendChoice::Named(_)));
    plan.subject_is_given = is_named && plan.subjects.len() == 1;
    plan.rows_max = args.engine.max_batch.map(usize::from);
    plan.configs = if args.matrix { configs(&args.engine) } else { Vec::new() };
    plan.correctness = Correctness { tolerance: args.correctness.tolerance, ..plan.correctness };
    plan.stability = Stability { rounds: args.correctness.rounds, strikes: strikes(args) };
    plan.performance = performance(args, plan.levels.contains(&Level::Performance))?;
    plan.memory = memory(args);
    Ok(plan)
}

/// Where every check begins; also that of a round.
pub(super) fn setup(args: &VerifyArgs) -> Result<Setup, Failure> {
    let model = Model::load(&args.model)?;
    let draw = args.samples.draw();
    let (samples, draw) = match &args.samples.inputs {
        Some(path) => (dataset::samples(path, model.signature())?, None),
        None => (measuring::draw(&model, &draw)?, Some(draw)),
    };
    let mut builder = session::builder(&args.engine, &model)?;
    if args.engine.warmup.is_none() {
        builder = builder.warmup(samples.get(0).to_vec());
    }
    let all = phalanx_engine::backends(args.engine.onnxruntime.as_deref());
    let named = |name: &&str| all.iter().find(|backend| backend.name() == *name).cloned();
    let references = REFERENCES.iter().filter_map(named).collect();
    let isolation = args.engine.isolation.unwrap_or_default();
    Ok(Setup { model, builder, isolation, samples, draw, references })
}

/// The backends that are verified: the one that was asked for, or all.
pub(super) fn backends(args: &EngineArgs) -> Vec<Arc<dyn Backend>> {
    let mut all = phalanx_engine::backends(args.onnxruntime.as_deref());
    if let Some(BackendChoice::Named(name)) = &args.backend {
        all.retain(|backend| backend.name() == name);
    }
    all
}

/// Every combination of the options that were left open.
fn configs(args: &EngineArgs) -> Vec<Config> {
    let mut matrix = Matrix::default();
    if let Some(precision) = args.precision {
        matrix.precision = vec![precision];
    }
    if let Some(optimize) = args.optimize {
        matrix.optimize = vec![optimize];
    }
    if let Some(depth) = args.depth {
        matrix.depth = vec![depth.get()];
    }
    if let Some(policy) = args.policy {
        matrix.policy = vec![policy];
    }
    if let Some(isolation) = args.isolation {
        matrix.isolation = vec![isolation];
    }
    matrix.configs()
}

fn strikes(args: &VerifyArgs) -> Strikes {
    let defaults = Strikes::default();
    let args = &args.strikes;
    Strikes {
        kinds: args.strike.map_or(defaults.kinds, |kind| vec![kind]),
        every: args.strike_every,
        duration: args.strike_for,
        ..defaults
    }
}

fn performance(args: &VerifyArgs, wanted: bool) -> Result<Performance, Failure> {
    let targets = settings::targets(args.config.as_deref(), &args.targets)?;
    let path = args.performance.baseline.as_deref().filter(|_| wanted);
    Ok(Performance {
        runs: args.performance.runs as usize,
        callers: args.performance.callers,
        throughput_min: targets.min_throughput,
        p99_ms_max: targets.max_p99,
        baseline: path.map(baseline::read).transpose()?,
        ..Performance::default()
    })
}

fn memory(args: &VerifyArgs) -> Memory {
    let defaults = Memory::default();
    let args = &args.memory;
    let budget: Option<Duration> = defaults.shapes_budget.filter(|_| args.shape_batches.is_none());
    Memory {
        iterations: args.iterations,
        duration: args.duration,
        growth_mb_max: args.max_growth_mb,
        shapes: args.shapes,
        shape_batches: args.shape_batches.unwrap_or(defaults.shape_batches),
        shapes_budget: budget,
        ..defaults
    }
}

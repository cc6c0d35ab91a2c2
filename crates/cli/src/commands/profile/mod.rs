mod operators;
mod print;

use std::path::Path;
use std::sync::Arc;

use phalanx_backend::Backend;
use phalanx_engine::Engine;
use phalanx_measure::answers::Answers;
use phalanx_measure::profile::{Parts, Recorder, Wait, chrome, parts, wait};
use phalanx_measure::report::{BackendReport, ModelReport};
use phalanx_measure::strategy::{Callers, Strategy};
use phalanx_measure::{Machine, Samples};
use phalanx_model::Model;
use serde::Serialize;

use self::operators::Operator;
use crate::args::ProfileArgs;
use crate::dataset;
use crate::failure::Failure;
use crate::measuring::{self, REFERENCE_BUDGET};
use crate::{session, terminal};

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    machine: Machine,
    backend: BackendReport,
    model: ModelReport,
    callers: usize,
    samples_per_s: f64,
    batch_mean: f64,
    parts: Vec<Parts>,
    waits: Vec<Wait>,
    /// `None` where the runtime does not tell.
    operators: Option<Vec<Operator>>,
    /// Rows of the batch that they are of.
    operator_rows: usize,
}

pub(super) fn execute(args: &ProfileArgs) -> Result<(), Failure> {
    let model = Model::load(&args.model)?;
    let samples = match &args.samples.inputs {
        Some(inputs) => dataset::samples(inputs, model.signature())?,
        None => measuring::draw(&model, &args.samples.draw())?,
    };
    let recorder = Arc::new(Recorder::default());
    let mut builder = session::builder(&args.engine, &model)?.trace(Arc::clone(&recorder) as _);
    if args.engine.warmup.is_none() {
        builder = builder.warmup(samples.get(0).to_vec());
    }
    let engine = session::build(builder)?;
    let report = measure(args, &model, &engine, &samples, &recorder)?;
    if args.json { terminal::json(&report) } else { terminal::data(&print::text(&report)) }
}

fn measure(
    args: &ProfileArgs,
    model: &Model,
    engine: &Engine,
    samples: &Samples,
    recorder: &Recorder,
) -> Result<Report, Failure> {
    let backend = backend(args, engine)?;
    let largest = engine.info().max_batch.max(1);
    let options = measuring::prepare_options(engine, largest);
    let program = backend.prepare(model, engine.info().device, &options)?;
    let (answers, samples) = Answers::of(&*program, engine.info().precision, samples, REFERENCE_BUDGET)?;
    let answers = Arc::new(answers);

    let mut callers = Callers::new("profile", engine, &samples, &answers, args.callers);
    callers.window(args.seconds / 4)?;
    drop(recorder.take());
    let window = callers.window(args.seconds)?;
    let spans = recorder.take();
    if let Some(path) = &args.trace {
        write(path, &chrome(model.name(), &spans))?;
    }
    let batches: u64 = window.batches.values().sum();
    let rows: u64 = window.batches.iter().map(|(&rows, count)| rows as u64 * count).sum();

    let mut sizes = if samples.batched() { vec![1, largest] } else { vec![1] };
    sizes.dedup();
    let waits = sizes.iter().map(|&rows| wait(&program, &samples, &answers, rows, args.seconds));
    let waits = waits.collect::<Result<_, _>>()?;
    let runs = args.runs as usize;
    let operators = operators::of(&*backend, model, engine, &options, (&samples, largest), runs)?;
    Ok(Report {
        machine: Machine::here(),
        backend: session::backend_report(engine.info()),
        model: session::model_report(model),
        callers: args.callers,
        samples_per_s: window.samples_per_s(),
        batch_mean: rows as f64 / batches.max(1) as f64,
        parts: parts(&spans),
        waits,
        operators,
        operator_rows: if samples.batched() { largest } else { 1 },
    })
}

fn backend(args: &ProfileArgs, engine: &Engine) -> Result<Arc<dyn Backend>, Failure> {
    let all = phalanx_engine::backends(args.engine.onnxruntime.as_deref());
    let mut all = all.into_iter();
    let found = all.find(|backend| backend.name() == engine.info().backend);
    found.ok_or_else(|| Failure::new("the engine runs a backend that is not built in"))
}

fn write(path: &Path, trace: &serde_json::Value) -> Result<(), Failure> {
    let file = std::fs::File::create(path).map_err(|error| Failure::file("write", path, &error))?;
    serde_json::to_writer(std::io::BufWriter::new(file), trace).map_err(Failure::new)
}

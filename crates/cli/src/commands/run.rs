use std::cell::RefCell;
use std::time::{Duration, Instant};

use clap::error::ErrorKind;
use phalanx_engine::{Batching, Engine, Request};
use phalanx_measure::Machine;
use phalanx_measure::report::{BenchReport, Row, grouped, thousands};
use phalanx_model::Model;

use crate::args::RunArgs;
use crate::dataset::{Inputs, Outputs, STANDARD};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::{session, terminal};

pub(super) fn execute(args: &RunArgs) -> Result<(), Failure> {
    if args.json && args.output.as_os_str() == STANDARD {
        let message = "the outputs and the JSON document cannot both go to standard output";
        return Err(Failure::usage(ErrorKind::ArgumentConflict, message));
    }
    let model = Model::load(&args.model)?;
    let mut inputs = Inputs::open(&args.input, model.signature())?;
    let engine = session::build(session::builder(&args.engine, &model)?)?;
    let rows = match engine.info().batching {
        Batching::Batched | Batching::Fixed(_) => inputs.rows(),
        Batching::Unbatched { .. } => None,
    };
    let mut outputs = Outputs::open(&args.output, model.signature(), rows)?;
    let start = Instant::now();
    let samples = match rows {
        Some(rows) => stream(&engine, &mut inputs, &mut outputs, rows)?,
        None => {
            outputs.write(engine.infer_blocking(Request::new(inputs.whole()?))?)?;
            1
        }
    };
    outputs.finish(model.signature())?;
    let elapsed = start.elapsed();
    terminal::words(&format!(
        "{} samples in {:.2} s, {} samples/s",
        thousands(samples),
        elapsed.as_secs_f64(),
        grouped(rate(samples, elapsed))
    ));
    if args.json { terminal::json(&report(&model, &engine, samples, elapsed)) } else { Ok(()) }
}

/// Reads, runs and writes batch by batch, with as many under way as the engine takes. Gives the number of rows.
fn stream(engine: &Engine, inputs: &mut Inputs, outputs: &mut Outputs, rows: usize) -> Result<u64, Failure> {
    let batch_rows = engine.info().max_batch.max(1);
    let progress = Progress::samples(rows as u64);
    let unreadable = RefCell::new(None);
    let requests = std::iter::from_fn(|| match inputs.next(batch_rows) {
        Ok(tensors) => tensors.map(Request::new),
        Err(failure) => {
            unreadable.replace(Some(failure));
            None
        }
    });
    let mut done = 0_u64;
    for response in engine.run(requests) {
        let response = response?;
        let answered = response.output(0).and_then(|view| view.shape.first().copied()).unwrap_or(0);
        outputs.write(response)?;
        done += answered as u64;
        progress.position(done);
    }
    match unreadable.take() {
        Some(failure) => Err(failure),
        None => Ok(done),
    }
}

fn rate(samples: u64, elapsed: Duration) -> f64 {
    samples as f64 / elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
}

fn report(model: &Model, engine: &Engine, samples: u64, elapsed: Duration) -> BenchReport {
    let info = engine.info();
    let metrics = engine.metrics();
    let row = Row {
        strategy: "run",
        batch: Some(info.max_batch),
        samples_per_s: Some(rate(samples, elapsed)),
        windows: 1,
        batch_mean: (metrics.batches > 0).then(|| metrics.rows as f64 / metrics.batches as f64),
        samples,
        waiting: "answers are waited for in order and written to the output file; reading and writing count",
        ..Row::default()
    };
    BenchReport {
        phalanx: env!("CARGO_PKG_VERSION"),
        commit: None,
        machine: Machine::here(),
        backend: Some(session::backend_report(info)),
        model: Some(session::model_report(model)),
        options: session::options_report(info),
        ceilings: None,
        rows: vec![row],
        skipped: Vec::new(),
        refused: Vec::new(),
        warnings: info.warnings.clone(),
        hints: info.hints.clone(),
    }
}

use std::sync::Arc;

use phalanx_engine::Engine;
use phalanx_engine::choice::Search;
use phalanx_measure::Machine;
use phalanx_measure::answers::Answers;
use phalanx_measure::draw::Draw;
use phalanx_measure::report::{BenchReport, Column, Row, Table, grouped, thousands};
use phalanx_measure::strategy::{Callers, Crew, Direct, Plan, Strategy};
use phalanx_model::Model;
use phalanx_model::samples::{EncoderConfig, encoder};

use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::measuring::{self, REFERENCE_BUDGET};
use crate::{session, terminal};

/// Short rows through wide layers, as of a model that ranks or tags: reading the weights costs as much as using them,
/// so it pays to read them once for many callers.
const SHAPE: EncoderConfig =
    EncoderConfig { layers: 2, heads: 4, head_width: 64, feed_forward: 1024, tokens: 2, seed: 1 };

pub(super) fn execute(args: &DemoArgs) -> Result<(), Failure> {
    terminal::words("making a transformer encoder and preparing it ...");
    let model = encoder(&SHAPE);
    let builder = Engine::builder(model.clone()).backend(args.backend.clone());
    let mut builder = builder.search(Search::in_children());
    if let Some(library) = &args.onnxruntime {
        builder = builder.onnxruntime_library(library.clone());
    }
    let engine = session::build(builder)?;
    let rows = measure(args, &model, &engine)?;
    let info = engine.info();
    let mut options = session::options_report(info);
    options.insert("seconds".to_owned(), args.seconds.as_secs_f64().to_string());
    options.insert("rounds".to_owned(), args.rounds.to_string());
    let report = BenchReport {
        phalanx: env!("CARGO_PKG_VERSION"),
        commit: None,
        machine: Machine::here(),
        backend: Some(session::backend_report(info)),
        model: Some(session::model_report(&model)),
        options,
        ceilings: None,
        rows,
        skipped: Vec::new(),
        refused: Vec::new(),
        warnings: info.warnings.clone(),
        hints: info.hints.clone(),
    };
    if args.json { terminal::json(&report) } else { print(&report) }
}

fn measure(args: &DemoArgs, model: &Model, engine: &Engine) -> Result<Vec<Row>, Failure> {
    let backends = phalanx_engine::backends(args.onnxruntime.as_deref());
    let backend = backends.iter().find(|backend| backend.name() == engine.info().backend);
    let backend = backend.ok_or_else(|| Failure::new("the engine runs a backend that is not built in"))?;
    let program = measuring::program(&**backend, engine, model, 1)?;
    let samples = measuring::draw(model, &Draw::default())?;
    let (answers, samples) = Answers::of(&*program, engine.info().precision, &samples, REFERENCE_BUDGET)?;
    let answers = Arc::new(answers);
    let mut strategies: Vec<Box<dyn Strategy + '_>> = Vec::new();
    for &callers in &args.callers {
        strategies.push(Box::new(Direct::threads(&Crew::open(
            std::slice::from_ref(&program),
            callers,
            &samples,
            &answers,
        )?)));
        strategies.push(Box::new(Callers::new("engine", engine, &samples, &answers, callers)));
    }
    let plan = Plan {
        rounds: args.rounds as usize,
        window: args.seconds,
        warm_up: args.seconds.min(measuring::WARM_UP_MAX),
    };
    let mut rows: Vec<Row> = measuring::run(&mut strategies, &plan)?.iter().map(Row::of).collect();
    for pair in rows.chunks_mut(2) {
        if let [threads, engine] = pair {
            engine.speedup =
                engine.samples_per_s.zip(threads.samples_per_s).map(|(with, without)| with / without);
        }
    }
    Ok(rows)
}

fn print(report: &BenchReport) -> Result<(), Failure> {
    let mut table = Table::new(&[
        Column::Right("callers"),
        Column::Left("each calls"),
        Column::Right("samples/s"),
        Column::Right("p50 ms"),
        Column::Right("p99 ms"),
        Column::Right("mean batch"),
        Column::Right("speed-up"),
    ]);
    let milliseconds = |us: Option<f64>| us.map_or_else(String::new, |us| grouped(us / 1000.0));
    for row in &report.rows {
        table.row([
            row.callers.map_or_else(String::new, |callers| callers.to_string()),
            if row.strategy == "threads" { "the model, on a thread of its own" } else { "the engine" }
                .to_owned(),
            row.samples_per_s.map_or_else(String::new, grouped),
            milliseconds(row.p50_us),
            milliseconds(row.p99_us),
            row.batch_mean.map_or_else(String::new, |rows| format!("{rows:.1}")),
            row.speedup.map_or_else(String::new, |speedup| format!("{speedup:.2} x")),
        ]);
    }
    terminal::data(&format!("\n{table}\n{}", agreement(&report.rows)))
}

fn agreement(rows: &[Row]) -> String {
    let checked: u64 = rows.iter().map(|row| row.checked).sum();
    let difference = match rows.iter().filter_map(|row| row.error_max).fold(0.0, f64::max) {
        0.0 => "none differs".to_owned(),
        error => format!("the largest difference is {error:.1e} of its row's largest magnitude"),
    };
    format!("Both gave the same answers: {} were compared, {difference}.\n", thousands(checked))
}

//! The simulator against the real engine: the same model, policies and arrivals, in virtual time and in real time.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use clap::error::ErrorKind;
use phalanx_engine::{BackendChoice, Engine, EngineBuilder, Policy};
use phalanx_measure::Samples;
use phalanx_measure::open::OpenRun;
use phalanx_measure::report::{Column, Table, grouped};
use phalanx_measure::tune::{Timed, measure_times};
use phalanx_model::Model;
use phalanx_simulate::{Load, Noise, Rule, Search, Served, Setup, bound_per_s, goodput};
use serde::Serialize;

use super::question::{WARM_UP, loads, name};
use crate::args::{Rules, SimulateArgs};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::{dataset, measuring, session, terminal};

/// How long batches are timed.
const TIMING: Duration = Duration::from_secs(6);
/// Rates that are tried on the engine, for each cell.
const PROBES: u32 = 7;
/// How often a rate may fail.
const ATTEMPTS: u32 = 2;
/// How much simulation and engine may differ, in points of the bound.
const POINTS_MAX: f64 = 7.0;

/// Policies that are compared where none are named.
const POLICIES: [Policy; 6] = [
    Policy::Immediate,
    Policy::Delay { timeout_ns: 5_000_000 },
    Policy::Adaptive { target_ns: 50_000_000 },
    Policy::Aimd { target_ns: None },
    Policy::Deferred,
    Policy::SloWindow,
];

#[derive(Serialize)]
struct Report {
    phalanx: &'static str,
    model: String,
    engine: String,
    slo_ms: f64,
    /// Rows of a batch, and the median of its time in nanoseconds.
    batch_times_ns: Vec<(usize, f64)>,
    /// Quantiles of the times as multiples of the median, evenly spaced.
    factors: Vec<f64>,
    bound_per_s: f64,
    requests: u32,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    policy: String,
    arrivals: String,
    simulated_per_s: f64,
    engine_per_s: f64,
    /// Engine less simulation, in hundredths of the bound.
    points: f64,
}

/// Compares both, and fails where they differ by more than they may.
pub(super) fn execute(args: &SimulateArgs, path: &Path) -> Result<(), Failure> {
    let [slo_ns] = *args.slo.as_slice() else {
        let message = "--against is for one model: expected one --slo";
        return Err(Failure::usage(ErrorKind::WrongNumberOfValues, message));
    };
    let bed = Bed::new(args, path, Duration::from_nanos(slo_ns as u64))?;
    let mut cells = Vec::new();
    let progress = Progress::steps((bed.policies.len() * args.arrivals.len()) as u64);
    for when in &args.arrivals {
        let loads = loads(args, when)?;
        for policy in &bed.policies {
            progress.message(&format!("{policy}, {}", name(when)));
            cells.push(bed.compare(*policy, name(when), &loads[0])?);
            progress.position(cells.len() as u64);
        }
    }
    drop(progress);
    let report = bed.report(args, cells);
    match args.json {
        true => terminal::json(&report)?,
        false => terminal::data(&print(&report))?,
    }
    let off = report.cells.iter().filter(|cell| cell.points.abs() > POINTS_MAX).count();
    if off == 0 {
        return Ok(());
    }
    let total = report.cells.len();
    Err(Failure::Checks {
        message: format!("{off} of {total} differ by more than {POINTS_MAX} points of the bound"),
    })
}

/// A model on the engine, and its like in the simulator.
struct Bed {
    model: Model,
    builder: EngineBuilder,
    samples: Samples,
    engine: String,
    policies: Vec<Policy>,
    slo: Duration,
    timed: Timed,
    served: Served,
    devices: usize,
}

impl Bed {
    fn new(args: &SimulateArgs, path: &Path, slo: Duration) -> Result<Self, Failure> {
        let model = Model::load(path)?;
        let drawn = args.samples();
        let samples = match &drawn.inputs {
            Some(inputs) => dataset::samples(inputs, model.signature())?,
            None => measuring::draw(&model, &drawn.draw())?,
        };
        let mut builder = Engine::builder(model.clone())
            .backend(args.backend.clone().unwrap_or(BackendChoice::Auto))
            .lanes(args.devices.get())
            .threads(args.threads.get())
            .max_batch(args.max_batch.get())
            .depth(args.depth.get())
            .warmup(samples.get(0).to_vec());
        if let Some(library) = &args.onnxruntime {
            builder = builder.onnxruntime_library(library.clone());
        }
        let engine = session::build(builder.clone().policy(Policy::Immediate))?;
        let timed = measure_times(&engine, &samples, Some(slo), TIMING, &mut go_on)?;
        let times = timed.times().map_err(Failure::new)?;
        // Larger batches than were timed are no use within the SLO.
        let rows_max = timed.points.last().map_or(1, |&(rows, _)| rows);
        let served = Served {
            noise: Noise::Measured(timed.factors.as_slice().into()),
            slo_ns: slo.as_nanos() as u64,
            depth: args.depth.get(),
            rows_max,
            ..Served::new(model.name(), times)
        };
        let policies = policies(args)?;
        // What was found to be the fastest is not to be found out again.
        let backend = BackendChoice::Named(engine.info().backend.to_owned());
        let builder =
            builder.backend(backend).device(engine.info().devices.clone()).slo(slo).max_batch(rows_max);
        let engine = session::describe(engine.info());
        Ok(Self {
            model,
            builder,
            samples,
            engine,
            policies,
            slo,
            timed,
            served,
            devices: args.devices.get(),
        })
    }

    fn setup(&self, policy: Policy) -> Setup {
        let served = Served { rule: Rule::Engine(policy), ..self.served.clone() };
        Setup { devices: self.devices, served: vec![served] }
    }

    fn compare(&self, policy: Policy, arrivals: String, load: &Load) -> Result<Cell, Failure> {
        let setup = self.setup(policy);
        let search = Search { warm_up: WARM_UP, ..Search::default() };
        let simulated = goodput(&setup, std::slice::from_ref(load), &search).map_err(Failure::new)?.per_s;
        let engine_per_s = self.on_engine(policy, load, simulated)?;
        Ok(Cell {
            policy: policy.to_string(),
            arrivals,
            simulated_per_s: simulated,
            engine_per_s,
            points: 100.0 * (engine_per_s - simulated) / bound_per_s(&setup),
        })
    }

    /// The highest rate that holds, by bisection around what was simulated.
    fn on_engine(&self, policy: Policy, load: &Load, simulated: f64) -> Result<f64, Failure> {
        let (mut low, mut high) = (0.0, 0.0);
        let mut rate = simulated;
        for _ in 0..PROBES {
            if self.holds(policy, load, rate)? {
                low = rate;
            } else {
                high = rate;
            }
            rate = match (low > 0.0, high > 0.0) {
                (true, true) => f64::midpoint(low, high),
                (true, false) => rate * 1.08,
                (false, _) => rate / 1.12,
            };
        }
        Ok(low)
    }

    fn holds(&self, policy: Policy, load: &Load, rate_per_s: f64) -> Result<bool, Failure> {
        let counted = load.requests() as f64 * (1.0 - WARM_UP);
        let run = OpenRun {
            load,
            rate_per_s,
            warm_up: WARM_UP,
            slo: self.slo,
            missed_max: Some((0.01 * counted) as u64),
        };
        // What else this machine does only ever makes it worse, so once may be bad luck.
        for _ in 0..ATTEMPTS {
            // As in the simulator, nothing is known of other rates: some policies learn what suits the load.
            let engine = self.builder.clone().policy(policy).build()?;
            if !run.on(&engine, &self.samples, &mut go_on)?.ended_early {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn report(&self, args: &SimulateArgs, cells: Vec<Cell>) -> Report {
        Report {
            phalanx: env!("CARGO_PKG_VERSION"),
            model: self.model.name().to_owned(),
            engine: self.engine.clone(),
            slo_ms: self.slo.as_secs_f64() * 1e3,
            batch_times_ns: self.timed.points.clone(),
            factors: self.timed.factors.clone(),
            bound_per_s: bound_per_s(&self.setup(Policy::default())),
            requests: args.requests,
            cells,
        }
    }
}

fn go_on() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn policies(args: &SimulateArgs) -> Result<Vec<Policy>, Failure> {
    let mut policies = Vec::new();
    for rules in &args.policy {
        match rules {
            Rules::All => policies.extend(POLICIES),
            Rules::One(Rule::Engine(policy)) => policies.push(*policy),
            Rules::One(rule) => {
                let message = format_args!("expected a policy of the engine, got {rule}");
                return Err(Failure::usage(ErrorKind::InvalidValue, message));
            }
        }
    }
    Ok(policies)
}

fn print(report: &Report) -> String {
    let mut table = Table::new(&[
        Column::Left("policy"),
        Column::Left("arrivals"),
        Column::Right("simulated/s"),
        Column::Right("engine/s"),
        Column::Right("simulated"),
        Column::Right("engine"),
        Column::Right("points"),
    ]);
    for cell in &report.cells {
        table.row([
            cell.policy.clone(),
            cell.arrivals.clone(),
            grouped(cell.simulated_per_s),
            grouped(cell.engine_per_s),
            format!("{:.2}", cell.simulated_per_s / report.bound_per_s),
            format!("{:.2}", cell.engine_per_s / report.bound_per_s),
            format!("{:+.1}", cell.points),
        ]);
    }
    let title = terminal::title(&format!("{}, {}, SLO {} ms", report.model, report.engine, report.slo_ms));
    let bound = grouped(report.bound_per_s);
    format!("{title}\nfractions and points of the bound b*/l(b*), {bound} requests/s\n\n{table}")
}

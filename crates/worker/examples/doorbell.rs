//! What it costs to have a batch run by a worker process: the round trip of an empty one, and the rate with two in flight
//! beside that of a thread, for batches of some length.
//!
//!     cargo run --release -p phalanx-worker --example doorbell [BATCH_US]

use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use phalanx_backend::{
    Backend, BackendError, BatchId, Buckets, Completion, Completions, Device, DeviceInfo, Lane, Layout,
    Limits, OutputSpec, PrepareOptions, Program, RowSpec, Slot,
};
use phalanx_model::{GraphBuilder, Model};
use phalanx_tensor::{DType, Dim, Shape, Signature, Tensor};
use phalanx_worker::{Recipe, WorkerOptions, WorkerProgram, is_worker, worker_main};

const NAME: &str = "busy";
/// Values of a row.
const WIDTH: usize = 256;
const ROWS: usize = 16;
/// How long each figure is measured, and how often.
const SPAN: Duration = Duration::from_millis(700);
const ROUNDS: usize = 5;

fn main() -> ExitCode {
    if is_worker() {
        return worker_main(|_: &str, _: Option<&Path>| Ok(Arc::new(Busy)));
    }
    let batch_us = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(150);
    match measure(batch_us) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told where this fails.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(batch_us: u64) -> Result<(), Box<dyn std::error::Error>> {
    let model = model()?;
    let recipe = Recipe {
        model: model.clone(),
        backend: NAME.to_owned(),
        library: None,
        device: Device::Cpu,
        options: PrepareOptions::default(),
    };
    let worker = WorkerProgram::start(recipe, WorkerOptions::new(std::env::current_exe()?))?;
    let worker: Arc<dyn Program> = worker;
    let thread = Busy.prepare(&model, Device::Cpu, &PrepareOptions::default())?;
    let mut out = std::io::stdout();
    let (mut worker, mut thread) = (Driver::open(&worker)?, Driver::open(&thread)?);
    worker.rate(1, 0)?;
    let mut round_trips_us = Vec::new();
    let mut shares = Vec::new();
    for _ in 0..ROUNDS {
        round_trips_us.push(1e6 / worker.rate(1, 0)?);
        let (alone, apart) = (thread.rate(1, batch_us)?, worker.rate(2, batch_us)?);
        writeln!(
            out,
            "batches of {batch_us} us: thread {alone:.0}/s, process {apart:.0}/s, {:.3}",
            apart / alone
        )?;
        shares.push(apart / alone);
    }
    for figures in [&mut round_trips_us, &mut shares] {
        figures.sort_by(f64::total_cmp);
    }
    let [low, middle, high] = [0, ROUNDS / 2, ROUNDS - 1].map(|index| round_trips_us[index]);
    writeln!(out, "round trip of an empty batch: {middle:.1} us ({low:.1} to {high:.1} in {ROUNDS} rounds)")?;
    writeln!(out, "empty batches, two in flight: {:.0}/s", worker.rate(2, 0)?)?;
    writeln!(out, "process against thread, median: {:.3}", shares[ROUNDS / 2])?;
    Ok(())
}

/// One lane, kept busy from this thread.
struct Driver {
    lane: Box<dyn Lane>,
    completions: Receiver<Completion>,
    slots: Vec<Slot>,
}

struct Inbox(Mutex<Sender<Completion>>);

impl Completions for Inbox {
    fn complete(&self, _: BatchId, completion: Completion) {
        // A driver that is gone waits for nothing.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).send(completion);
    }
}

impl Driver {
    fn open(program: &Arc<dyn Program>) -> Result<Self, BackendError> {
        let (sender, completions) = channel();
        let lane = program.open_lane(Arc::new(Inbox(Mutex::new(sender))))?;
        let layout = Arc::new(program.layout(&[Shape::from([WIDTH])])?);
        let slots = (0..2).map(|_| program.slot(&layout, ROWS)).collect::<Result<_, _>>()?;
        Ok(Self { lane, completions, slots })
    }

    /// Batches a second with so many in flight, each of which computes for so long.
    fn rate(&mut self, depth: usize, batch_us: u64) -> Result<f64, Box<dyn std::error::Error>> {
        let mut slots: VecDeque<Slot> = self.slots.drain(..).collect();
        for slot in &mut slots {
            slot.inputs[0].as_mut_slice()[..8].copy_from_slice(&batch_us.to_le_bytes());
        }
        let (start, mut batches, mut in_flight) = (Instant::now(), 0_u64, 0);
        loop {
            let is_over = start.elapsed() >= SPAN;
            while !is_over && in_flight < depth {
                let slot = slots.pop_front().ok_or("a slot is missing")?;
                self.lane.submit(BatchId(batches + in_flight as u64), slot, ROWS);
                in_flight += 1;
            }
            if in_flight == 0 {
                break;
            }
            match self.completions.recv()? {
                Completion::Done(slot) => slots.push_back(slot),
                other => return Err(format!("expected an answer, got {other:?}").into()),
            }
            in_flight -= 1;
            batches += 1;
        }
        let rate = batches as f64 / start.elapsed().as_secs_f64();
        self.slots.extend(slots);
        Ok(rate)
    }
}

fn model() -> Result<Model, phalanx_model::ModelError> {
    let row = [Dim::Symbol("batch".into()), Dim::Fixed(WIDTH)];
    let mut graph = GraphBuilder::new(NAME);
    graph.input("x", DType::F32, &row);
    graph.node("y", "Identity", &["x"], &[]);
    graph.output("y", DType::F32, &row);
    Model::from_proto(&graph.finish())
}

/// Computes for as many microseconds as the first eight bytes of a batch say.
struct Busy;

struct BusyProgram(Signature);

struct BusyLane(Arc<dyn Completions>);

impl Backend for Busy {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> Result<String, BackendError> {
        Ok(env!("CARGO_PKG_VERSION").to_owned())
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        Ok(vec![DeviceInfo { device: Device::Cpu, description: "burns time".to_owned() }])
    }

    fn prepare(
        &self,
        model: &Model,
        _: Device,
        _: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        Ok(Arc::new(BusyProgram(model.signature().clone())))
    }
}

impl Program for BusyProgram {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn buckets(&self) -> Buckets {
        Buckets::Any(ROWS)
    }

    fn limits(&self) -> Limits {
        Limits { async_submit: false, lanes_max: 1, depth_max: 1 }
    }

    fn layout(&self, tails: &[Shape]) -> Result<Layout, BackendError> {
        let tail = tails.first().cloned().unwrap_or_default();
        let spec = RowSpec::new(DType::F32, tail)
            .map_err(|error| BackendError::Prepare { backend: NAME, message: error.to_string() })?;
        Ok(Layout { inputs: vec![spec.clone()], outputs: vec![OutputSpec::Rows(spec)] })
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        Slot::heap(NAME, Arc::clone(layout), rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        Ok(Box::new(BusyLane(completions)))
    }
}

impl Lane for BusyLane {
    fn submit(&mut self, batch: BatchId, slot: Slot, _: usize) {
        let start = Instant::now();
        let time = slot.inputs[0].as_slice().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        while start.elapsed() < Duration::from_micros(time) {
            std::hint::spin_loop();
        }
        self.0.complete(batch, Completion::Done(slot));
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        self.0.complete(batch, Completion::Single(inputs.to_vec()));
    }
}

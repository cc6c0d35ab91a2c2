//! Samples a second of one lane in a loop, and what each prepared bucket costs.
//!
//!     cargo run --release -p phalanx-tract --example tract_raw -- model.onnx [threads]
#![expect(clippy::print_stdout, reason = "its output is a table")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use phalanx_backend::{
    Backend, BackendError, BatchId, Completion, Completions, Device, Loss, PrepareOptions, Program, Slot,
};
use phalanx_model::Model;
use phalanx_tensor::{Dim, Shape};
use phalanx_tract::Tract;

/// Size of axes that are free besides axis 0.
const FREE: usize = 32;

/// Rounds of each measurement; the fastest counts.
const ROUNDS: usize = 10;

const ROUND: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Last(Mutex<Option<Completion>>);

impl Completions for Last {
    fn complete(&self, _: BatchId, completion: Completion) {
        *self.0.lock().expect("nobody panics with it") = Some(completion);
    }
}

impl Last {
    fn take(&self) -> Result<Slot, BackendError> {
        match self.0.lock().expect("nobody panics with it").take() {
            Some(Completion::Done(slot)) => Ok(slot),
            Some(Completion::Failed(_, error) | Completion::Lost(Loss { error, .. })) => Err(error),
            Some(Completion::Single(_)) | None => unreachable!("a blocking lane completes what it is given"),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let model = Model::load(arguments.next().ok_or("expected a model")?)?;
    let threads: NonZeroUsize = arguments.next().map_or(Ok(NonZeroUsize::MIN), |text| text.parse())?;
    let options = PrepareOptions { threads, ..PrepareOptions::default() };

    let started = Instant::now();
    let program = Tract.prepare(&model, Device::Cpu, &options)?;
    println!("prepared in {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    println!(
        "{:>5} {:>12} {:>14} {:>12} {:>14}",
        "rows", "us/batch", "samples/s", "prepare ms", "program bytes"
    );
    for rows in [1, 2, 4, 8, 16, 32, 64, 128] {
        let (batch, first) = measure(&program, rows)?;
        println!(
            "{rows:>5} {:>12.1} {:>14.0} {:>12.2} {:>14}",
            batch * 1e6,
            rows as f64 / batch,
            (first - batch) * 1e3,
            program.memory().host_bytes.unwrap_or_default()
        );
    }
    Ok(())
}

/// Seconds of a batch of `rows` rows, and of the first one.
fn measure(program: &Arc<dyn Program>, rows: usize) -> Result<(f64, f64), BackendError> {
    let tails: Vec<Shape> = program
        .signature()
        .inputs
        .iter()
        .map(|info| info.dims.iter().flatten().skip(1).map(|dim| Dim::fixed(dim).unwrap_or(FREE)).collect())
        .collect();
    let layout = Arc::new(program.layout(&tails)?);
    let mut slot = program.slot(&layout, rows)?;
    let completions = Arc::new(Last::default());
    let mut lane = program.open_lane(completions.clone())?;
    let mut run = |slot: Slot| -> Result<Slot, BackendError> {
        lane.submit(BatchId(0), slot, rows);
        completions.take()
    };
    let started = Instant::now();
    slot = run(slot)?;
    let first = started.elapsed().as_secs_f64();
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let (started, mut runs) = (Instant::now(), 0);
        while started.elapsed() < ROUND {
            slot = run(slot)?;
            runs += 1;
        }
        best = best.min(started.elapsed().as_secs_f64() / f64::from(runs));
    }
    Ok((best, first))
}

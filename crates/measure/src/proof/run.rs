use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_backend::{Backend, BackendError, Device, Layout, PrepareOptions, Program, Slot, SlotOutput};
use phalanx_model::ModelError;
use phalanx_tensor::Shape;

use super::chain::{Chain, WIDTH};
use super::{Outcome, Proof};
use crate::stats::median;
use crate::{MeasureError, WaitedLane};

/// Rows of the first batch.
const ROWS_MIN: usize = 64;

/// Rows of the largest.
const ROWS_MAX: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

/// A batch that takes so long is large enough to be timed.
const BATCH_MIN: Duration = Duration::from_millis(20);

/// One that takes so long even the first time, too.
const LONG: Duration = Duration::from_millis(80);

/// How much larger the next batch is.
const GROWTH: usize = 4;

/// How long batches are timed.
const BUDGET: Duration = Duration::from_millis(300);

/// Batches that are timed, whatever they take, and at most.
const BATCHES: (usize, usize) = (3, 50);

/// Why the proof ends early.
enum Stop {
    Wrong(Outcome),
    Error(MeasureError),
}

impl<E: Into<MeasureError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Runs the proof on a device, with `threads` where it is the CPU.
#[must_use]
pub fn prove(backend: &dyn Backend, device: Device, threads: NonZeroUsize) -> Proof {
    let mut ready_s = None;
    let outcome = match steps(backend, device, threads, &mut ready_s) {
        Ok(outcome) | Err(Stop::Wrong(outcome)) => outcome,
        Err(Stop::Error(error)) => failed(&error),
    };
    Proof { ready_s, outcome }
}

fn steps(
    backend: &dyn Backend,
    device: Device,
    threads: NonZeroUsize,
    ready_s: &mut Option<f64>,
) -> Result<Outcome, Stop> {
    let started = Instant::now();
    let mut bench = Bench::prepare(backend, device, threads)?;
    bench.run()?;
    *ready_s = Some(started.elapsed().as_secs_f64());
    bench.grow()?;
    bench.time()
}

struct Bench {
    chain: Chain,
    program: Arc<dyn Program>,
    layout: Arc<Layout>,
    lane: WaitedLane,
    rows: usize,
    /// `None` only while the lane has it.
    slot: Option<Slot>,
    expected: Vec<f32>,
}

impl Bench {
    fn prepare(backend: &dyn Backend, device: Device, threads: NonZeroUsize) -> Result<Self, Stop> {
        let chain = Chain::new();
        let prepare_error =
            |error: ModelError| BackendError::Prepare { backend: backend.name(), message: error.to_string() };
        let model = chain.model().map_err(prepare_error)?;
        let options = PrepareOptions { threads, rows_max: ROWS_MAX, ..PrepareOptions::default() };
        let program = backend.prepare(&model, device, &options)?;
        let layout = Arc::new(program.layout(&[Shape::new(&[WIDTH])])?);
        let lane = WaitedLane::open(&*program)?;
        let rows = program.buckets().fit(ROWS_MIN).unwrap_or_else(|| program.buckets().max());
        let (slot, expected) = (None, Vec::new());
        let mut bench = Self { chain, program, layout, lane, rows, slot, expected };
        bench.fill()?;
        Ok(bench)
    }

    /// A slot with as many rows as there are to be, and what must come of them.
    fn fill(&mut self) -> Result<(), Stop> {
        let mut slot = self.program.slot(&self.layout, self.rows)?;
        self.expected.clear();
        let elements = slot.inputs[0].as_mut_slice().chunks_exact_mut(size_of::<f32>());
        let mut elements = elements.take(self.rows * WIDTH);
        for row in (0..self.rows).map(Chain::input) {
            for (&value, element) in row.iter().zip(elements.by_ref()) {
                element.copy_from_slice(&f32::from(value).to_ne_bytes());
            }
            self.expected.extend(self.chain.output(&row));
        }
        self.slot = Some(slot);
        Ok(())
    }

    /// Runs a batch, and compares every element of it.
    fn run(&mut self) -> Result<Duration, Stop> {
        let slot = self.slot.take().ok_or_else(MeasureError::lost_slot)?;
        let started = Instant::now();
        let slot = self.lane.run(slot, self.rows)?;
        let took = started.elapsed();
        let right = match slot.outputs.first() {
            Some(SlotOutput::Buffer(buffer)) => self.compare(buffer.as_slice()),
            Some(SlotOutput::Dynamic(Some(tensor))) => self.compare(tensor.bytes()),
            _ => self.compare(&[]),
        };
        self.slot = Some(slot);
        right.map(|()| took)
    }

    fn compare(&self, output: &[u8]) -> Result<(), Stop> {
        let mut got = output.chunks_exact(size_of::<f32>()).map(bytemuck::pod_read_unaligned::<f32>);
        for (index, &expected) in self.expected.iter().enumerate() {
            let got = got.next();
            if got != Some(expected) {
                return Err(Stop::Wrong(Outcome::Wrong {
                    rows: self.rows,
                    row: index / WIDTH,
                    element: index % WIDTH,
                    expected,
                    got: got.filter(|value| value.is_finite()),
                }));
            }
        }
        Ok(())
    }

    /// Takes larger batches until one takes long enough.
    fn grow(&mut self) -> Result<(), Stop> {
        // What a size costs the first time is not what it costs.
        while self.run()? < LONG && self.run()? < BATCH_MIN {
            let larger = self.program.buckets().fit(self.rows * GROWTH);
            let Some(rows) = larger.filter(|&rows| rows <= ROWS_MAX.get()) else { break };
            self.rows = rows;
            self.fill()?;
        }
        Ok(())
    }

    fn time(&mut self) -> Result<Outcome, Stop> {
        let (mut times, mut total) = (Vec::new(), Duration::ZERO);
        while times.len() < BATCHES.0 || (times.len() < BATCHES.1 && total < BUDGET) {
            let took = self.run()?;
            times.push(took.as_secs_f64());
            total += took;
        }
        let (rows, batches) = (self.rows, times.len());
        let batch_s = median(&times).unwrap_or(f64::INFINITY);
        let flop_per_s = (Chain::flop_per_row() * rows as u64) as f64 / batch_s;
        Ok(Outcome::Right { rows, batches, batch_s, flop_per_s })
    }
}

fn failed(error: &MeasureError) -> Outcome {
    let (hint, is_missing) = match error {
        MeasureError::Backend(BackendError::Unavailable { hint, .. }) => (hint.clone(), true),
        MeasureError::Backend(
            BackendError::UnsupportedOperators { .. } | BackendError::UnsupportedOption { .. },
        ) => (None, true),
        _ => (None, false),
    };
    Outcome::Failed { message: error.to_string(), hint, is_missing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::null::NullBackend;

    #[test]
    fn a_backend_that_computes_nothing_is_found_out() {
        let proof = prove(&NullBackend, Device::Cpu, NonZeroUsize::MIN);
        let Outcome::Wrong { rows: ROWS_MIN, row: 0, expected, got, .. } = proof.outcome else {
            panic!("{proof:?}");
        };
        assert!(got.is_some_and(|got| got != expected));
        assert_eq!(proof.ready_s, None);
    }

    #[test]
    fn a_device_that_is_not_here_has_failed() {
        let proof = prove(&NullBackend, Device::Metal, NonZeroUsize::MIN);
        assert!(matches!(proof.outcome, Outcome::Failed { is_missing: false, .. }), "{proof:?}");
    }

    #[test]
    fn what_came_out_survives_the_way_to_another_process() {
        let wrong = Outcome::Wrong { rows: 64, row: 1, element: 2, expected: 3.0, got: None };
        for outcome in [wrong, Outcome::Right { rows: 1, batches: 2, batch_s: 0.5, flop_per_s: 1e12 }] {
            let proof = Proof { ready_s: Some(0.25), outcome };
            let text = serde_json::to_string(&proof).unwrap();
            assert_eq!(serde_json::from_str::<Proof>(&text).unwrap(), proof);
        }
    }
}

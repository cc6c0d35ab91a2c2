//! Slot to slot, without an engine: keeps batches in flight on a GPU, checks what comes back, and says how many rows a
//! second that were and how long each batch took.
//!
//!     pump MODEL PRECISION BATCHES LANES DEPTH [SECONDS [SPIN_US]]
//!
//! `BATCHES`, `LANES` and `DEPTH` are lists such as `1,256,4096`. One JSON object a line. The first batch of every slot is
//! compared with the plan as the processor interprets it, sampled ones with that first.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is figures")]

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use phalanx_backend::{
    Backend, BatchId, Completion, Completions, Device, Lane, Layout, PrepareOptions, Program, Slot,
    SlotOutput,
};
use phalanx_model::Model;
use phalanx_plan::{Precision, Source, interpret};
use phalanx_tensor::{DType, Shape, Tensor};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Rows whose answers are interpreted: the interpreter takes its time.
const ROWS_INTERPRETED: usize = 4;
/// One batch in so many is compared with the first of its slot.
const SAMPLED: u64 = 101;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, precision, batches, lanes, depths, rest @ ..] = &arguments[..] else {
        return Err("expected MODEL PRECISION BATCHES LANES DEPTH [SECONDS [SPIN_US]]".into());
    };
    let seconds: f64 = rest.first().map_or(Ok(1.0), |text| text.parse())?;
    let spin_us: u32 = rest.get(1).map_or(Ok(0), |text| text.parse())?;
    let (batches, lanes, depths) = (list(batches)?, list(lanes)?, list(depths)?);
    let model = Model::load(std::path::Path::new(model))?;
    let precision: Precision = precision.parse()?;
    let rows_max = batches.iter().max().and_then(|&rows| rows.try_into().ok()).ok_or("expected batches")?;
    let options = PrepareOptions { precision, rows_max, spin_us, ..PrepareOptions::default() };
    let start = Instant::now();
    let backend = phalanx_cuda::Cuda::new();
    let program = backend.prepare(&model, Device::Cuda(0), &options)?;
    eprintln!("{}: prepared in {:.2} s", model.name(), start.elapsed().as_secs_f64());
    for &rows in &batches {
        let bench = Bench::new(&model, &program, precision, rows)?;
        for &lanes in &lanes {
            for &depth in &depths {
                let figures = bench.run(lanes, depth, Duration::from_secs_f64(seconds))?;
                println!(
                    "{{\"model\": {:?}, \"precision\": \"{precision}\", \"batch\": {rows}, \"lanes\": {lanes}, \"depth\": {depth}, \"spin_us\": {spin_us}, {figures}}}",
                    model.name()
                );
            }
        }
    }
    Ok(())
}

fn list(text: &str) -> Result<Vec<usize>, Failure> {
    Ok(text.split(',').map(str::parse).collect::<Result<_, _>>()?)
}

/// One batch size.
struct Bench {
    program: Arc<dyn Program>,
    layout: Arc<Layout>,
    rows: usize,
    /// The inputs of a batch, and the first answers that the interpreter gives to them.
    inputs: Vec<Tensor>,
    expected: Vec<Tensor>,
    tolerance: f64,
}

impl Bench {
    fn new(
        model: &Model,
        program: &Arc<dyn Program>,
        precision: Precision,
        rows: usize,
    ) -> Result<Self, Failure> {
        let shapes = |rows: usize| -> Option<Vec<Shape>> {
            phalanx_backend::fit::shapes_with(model.signature(), rows, Some(32))
        };
        let tails: Vec<Shape> =
            shapes(1).ok_or("the model has an input without a shape")?.iter().map(Shape::tail).collect();
        let layout = Arc::new(program.layout(&tails)?);
        let dtypes: Vec<DType> = model.signature().inputs.iter().map(|input| input.dtype).collect();
        let inputs = dtypes
            .iter()
            .zip(&tails)
            .enumerate()
            .map(|(index, (&dtype, tail))| draw(dtype, &tail.with_rows(rows), index as u64 + 1));
        let inputs: Vec<Tensor> = inputs.collect::<Result<_, _>>()?;
        let few = rows.min(ROWS_INTERPRETED);
        let first: Vec<Tensor> =
            inputs.iter().map(|tensor| tensor.slice_rows(0, few)).collect::<Result<_, _>>()?;
        let source = Source::new(model)?;
        let shapes: Vec<Shape> = tails.iter().map(|tail| tail.with_rows(few)).collect();
        let expected = interpret(&source.plan(&shapes, Precision::Fp32)?, &first)?;
        let half = dtypes.contains(&DType::F16);
        let tolerance = match precision {
            Precision::Fp32 if !half => 1e-3,
            Precision::Tf32 if !half => 5e-3,
            _ => 2e-2,
        };
        Ok(Self { program: Arc::clone(program), layout, rows, inputs, expected, tolerance })
    }

    fn run(&self, lanes: usize, depth: usize, time: Duration) -> Result<String, Failure> {
        let threads: Vec<_> = std::thread::scope(|scope| {
            let spawned: Vec<_> = (0..lanes).map(|_| scope.spawn(|| self.pump(depth, time))).collect();
            spawned.into_iter().map(|thread| thread.join().map_err(|_| "a lane's thread panicked")).collect()
        });
        let (mut rate, mut took, mut worst) = (0.0, Vec::new(), 0.0_f64);
        for pumped in threads {
            let pumped: Pumped = pumped??;
            rate += pumped.batches as f64 * self.rows as f64 / pumped.time.as_secs_f64();
            took.extend(pumped.took_us);
            worst = worst.max(pumped.difference);
        }
        took.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| took.get((share * took.len() as f64) as usize).copied().unwrap_or(0.0);
        Ok(format!(
            "\"rows_per_s\": {rate:.0}, \"p50_us\": {:.1}, \"p99_us\": {:.1}, \"difference\": {worst:.2e}",
            at(0.5),
            at(0.99)
        ))
    }

    fn pump(&self, depth: usize, time: Duration) -> Result<Pumped, Failure> {
        let (sender, ended) = channel();
        let mut lane = self.program.open_lane(Arc::new(Ended(sender)))?;
        let slots = (0..depth).map(|_| self.slot()).collect::<Result<Vec<_>, _>>()?;
        let mut pump =
            Pump { bench: self, ended, firsts: Vec::new(), difference: 0.0, next: 0, in_flight: Vec::new() };
        for slot in slots {
            pump.warm_up(lane.as_mut(), slot)?;
        }
        pump.run(lane.as_mut(), time)
    }

    fn slot(&self) -> Result<Slot, Failure> {
        let mut slot = self.program.slot(&self.layout, self.rows)?;
        for (buffer, tensor) in slot.inputs.iter_mut().zip(&self.inputs) {
            buffer.as_mut_slice()[..tensor.bytes().len()].copy_from_slice(tensor.bytes());
        }
        Ok(slot)
    }

    /// The largest difference of a slot's first rows from the interpreter's, relative to the largest answer.
    fn difference(&self, slot: &Slot) -> Result<f64, Failure> {
        let mut worst = 0.0_f64;
        for (output, expected) in slot.outputs.iter().zip(&self.expected) {
            let SlotOutput::Buffer(buffer) = output else { continue };
            let got = floats(expected.dtype(), &buffer.as_slice()[..expected.bytes().len()]);
            let expected = floats(expected.dtype(), expected.bytes());
            let scale = expected.iter().fold(1e-9_f64, |max, value| max.max(value.abs()));
            let largest =
                got.iter().zip(&expected).map(|(got, expected)| (got - expected).abs()).fold(0.0, f64::max);
            if !largest.is_finite() || got.iter().any(|value| !value.is_finite()) {
                return Err("an answer is no number".into());
            }
            worst = worst.max(largest / scale);
        }
        Ok(worst)
    }
}

struct Ended(Sender<(BatchId, Completion, Instant)>);

impl Completions for Ended {
    fn complete(&self, batch: BatchId, completion: Completion) {
        // The receiver goes first only when the benchmark has failed.
        drop(self.0.send((batch, completion, Instant::now())));
    }
}

/// What one lane did.
struct Pumped {
    batches: u64,
    time: Duration,
    took_us: Vec<f64>,
    difference: f64,
}

/// One lane at work.
struct Pump<'a> {
    bench: &'a Bench,
    ended: Receiver<(BatchId, Completion, Instant)>,
    /// Slots that have run their first batch, and the outputs of it.
    firsts: Vec<(Slot, Vec<Vec<u8>>)>,
    difference: f64,
    next: u64,
    in_flight: Vec<(u64, Instant, Vec<Vec<u8>>)>,
}

impl Pump<'_> {
    fn warm_up(&mut self, lane: &mut dyn Lane, slot: Slot) -> Result<(), Failure> {
        self.submit(lane, slot, Vec::new());
        let (slot, _, _) = self.wait()?;
        self.difference = self.difference.max(self.bench.difference(&slot)?);
        if self.difference > self.bench.tolerance {
            return Err(format!("answers differ by {} of the largest", self.difference).into());
        }
        let first = outputs(&slot);
        self.firsts.push((slot, first));
        Ok(())
    }

    fn run(mut self, lane: &mut dyn Lane, time: Duration) -> Result<Pumped, Failure> {
        let (start, mut batches, mut took_us) = (Instant::now(), 0, Vec::new());
        for (slot, first) in std::mem::take(&mut self.firsts) {
            self.submit(lane, slot, first);
        }
        while !self.in_flight.is_empty() {
            let (slot, first, took) = self.wait()?;
            batches += 1;
            took_us.push(took.as_secs_f64() * 1e6);
            if batches % SAMPLED == 1 && outputs(&slot) != first {
                return Err(format!("batch {batches} gave other answers than the first of its slot").into());
            }
            if start.elapsed() < time {
                self.submit(lane, slot, first);
            }
        }
        Ok(Pumped { batches, time: start.elapsed(), took_us, difference: self.difference })
    }

    fn submit(&mut self, lane: &mut dyn Lane, slot: Slot, first: Vec<Vec<u8>>) {
        self.next += 1;
        self.in_flight.push((self.next, Instant::now(), first));
        lane.submit(BatchId(self.next), slot, self.bench.rows);
    }

    fn wait(&mut self) -> Result<(Slot, Vec<Vec<u8>>, Duration), Failure> {
        let (id, completion, at) = self.ended.recv()?;
        let place =
            self.in_flight.iter().position(|(known, ..)| *known == id.0).ok_or("an unknown batch ended")?;
        let (_, submitted, first) = self.in_flight.swap_remove(place);
        match completion {
            Completion::Done(slot) => Ok((slot, first, at - submitted)),
            Completion::Single(_) => Err("a batch ended as a single run".into()),
            Completion::Failed(_, error) => Err(error.into()),
            Completion::Lost(loss) => Err(loss.error.into()),
        }
    }
}

fn outputs(slot: &Slot) -> Vec<Vec<u8>> {
    let bytes = slot.outputs.iter().map(|output| match output {
        SlotOutput::Buffer(buffer) => buffer.as_slice().to_vec(),
        SlotOutput::Dynamic(tensor) => {
            tensor.as_ref().map(|tensor| tensor.bytes().to_vec()).unwrap_or_default()
        }
    });
    bytes.collect()
}

/// Numbers between -1 and 1, or integers below 1000 (and ones, where an input is a mask of the size of another).
fn draw(dtype: DType, shape: &Shape, seed: u64) -> Result<Tensor, Failure> {
    let elements = shape.elements().ok_or("an input is too large")?;
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    let unit = |bits: u32| bits as f32 / (1_u32 << 30) as f32 - 1.0;
    Ok(match dtype {
        DType::F32 => {
            Tensor::from_vec(shape.clone(), (0..elements).map(|_| unit(next())).collect::<Vec<f32>>())?
        }
        DType::F16 => {
            let numbers = (0..elements).map(|_| half::f16::from_f32(unit(next())));
            Tensor::from_vec(shape.clone(), numbers.collect::<Vec<_>>())?
        }
        DType::I64 if seed == 1 => Tensor::from_vec(
            shape.clone(),
            (0..elements).map(|_| i64::from(next() % 1000)).collect::<Vec<_>>(),
        )?,
        DType::I64 => Tensor::from_vec(shape.clone(), vec![i64::from(seed == 2); elements])?,
        other => return Err(format!("no numbers are drawn of {other}").into()),
    })
}

fn floats(dtype: DType, bytes: &[u8]) -> Vec<f64> {
    match dtype {
        DType::F16 => {
            let numbers = bytes.as_chunks::<2>().0.iter();
            numbers.map(|bytes| half::f16::from_ne_bytes(*bytes).to_f64()).collect()
        }
        _ => bytes.as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_ne_bytes(*bytes))).collect(),
    }
}

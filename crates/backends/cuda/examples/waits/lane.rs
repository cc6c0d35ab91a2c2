use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use phalanx_backend::{BatchId, Completion, Completions, Lane, Program, Slot, SlotOutput, fit};
use phalanx_model::Model;
use phalanx_plan::{Precision, Source, interpret};
use phalanx_tensor::{Shape, Tensor};

use crate::Failure;
use crate::order::{Answer, Order};
use crate::rule::{GlobalLock, Rule, wait_for_the_device};

/// Rows whose answers are interpreted.
const ROWS_INTERPRETED: usize = 4;
/// Errors allowed, relative to the largest answer.
const TOLERANCE: f32 = 1e-3;
/// One batch in so many is compared with the first.
const SAMPLED: u64 = 101;

/// A lane with one slot.
pub(crate) struct OneLane {
    lane: Box<dyn Lane>,
    ended: Receiver<Completion>,
    rows: usize,
    slot: Option<Slot>,
    lock: GlobalLock,
    first: Vec<u8>,
    next: u64,
}

struct Ended(Sender<Completion>);

impl Completions for Ended {
    fn complete(&self, _batch: BatchId, completion: Completion) {
        // The receiver goes first only when the benchmark has failed.
        drop(self.0.send(completion));
    }
}

impl OneLane {
    /// Opens it on this thread, and compares its first answers with the interpreter's.
    pub(crate) fn open(
        model: &Model,
        program: &dyn Program,
        rows: usize,
        lock: GlobalLock,
    ) -> Result<Self, Failure> {
        let shapes = fit::shapes_with(model.signature(), rows, Some(32));
        let [shape] = &shapes.ok_or("the model has an input without a shape")?[..] else {
            return Err("expected a model of one input".into());
        };
        let input = draw(shape)?;
        let layout = Arc::new(program.layout(&[shape.tail()])?);
        let mut slot = program.slot(&layout, rows)?;
        slot.inputs[0].as_mut_slice()[..input.bytes().len()].copy_from_slice(input.bytes());
        let (sender, ended) = channel();
        let lane = program.open_lane(Arc::new(Ended(sender)))?;
        let mut opened = Self { lane, ended, rows, slot: Some(slot), lock, first: Vec::new(), next: 0 };
        opened.run_one(Rule::OwnFence)?;
        opened.first = opened.output()?.to_vec();
        check(model, &input, &opened.first)?;
        Ok(opened)
    }

    /// Runs batches one after the other.
    pub(crate) fn work(&mut self, order: Order) -> Result<Answer, Failure> {
        let (time, start) = (Duration::from_millis(order.millis), Instant::now());
        let (mut took_us, mut batches) = (Vec::new(), 0);
        while start.elapsed() < time {
            let began = Instant::now();
            self.run_one(order.rule)?;
            took_us.push(began.elapsed().as_secs_f64() * 1e6);
            batches += 1;
            if batches % SAMPLED == 1 && self.output()? != self.first {
                return Err(
                    format!("batch {batches} by {} gave other answers than the first", order.rule).into()
                );
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        took_us.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| took_us.get((share * took_us.len() as f64) as usize).copied().unwrap_or(0.0);
        Ok(Answer { batches, seconds, p50_us: at(0.5), p99_us: at(0.99) })
    }

    fn run_one(&mut self, rule: Rule) -> Result<(), Failure> {
        self.next += 1;
        let (id, rows) = (BatchId(self.next), self.rows);
        let slot = self.slot.take().ok_or("the slot was lost")?;
        let (lane, ended) = (&mut self.lane, &self.ended);
        let completion = match rule {
            Rule::OwnFence => {
                lane.submit(id, slot, rows);
                ended.recv()?
            }
            Rule::DeviceWide => {
                lane.submit(id, slot, rows);
                wait_for_the_device()?;
                ended.recv()?
            }
            Rule::GlobalLock => self.lock.hold(|| {
                lane.submit(id, slot, rows);
                Ok(ended.recv()?)
            })?,
        };
        match completion {
            Completion::Done(slot) => self.slot = Some(slot),
            Completion::Single(_) => return Err("a batch ended as a single run".into()),
            Completion::Failed(_, error) => return Err(error.into()),
            Completion::Lost(loss) => return Err(loss.error.into()),
        }
        Ok(())
    }

    fn output(&self) -> Result<&[u8], Failure> {
        match self.slot.as_ref().and_then(|slot| slot.outputs.first()) {
            Some(SlotOutput::Buffer(buffer)) => Ok(buffer.as_slice()),
            _ => Err("expected a model of one output whose rows have a known size".into()),
        }
    }
}

fn draw(shape: &Shape) -> Result<Tensor, Failure> {
    let elements = shape.elements().ok_or("the input is too large")?;
    // Different in every place, between -1 and 1.
    let number = |index: usize| (index as f32 * 0.754_877_7).fract() * 2.0 - 1.0;
    Ok(Tensor::from_vec(shape.clone(), (0..elements).map(number).collect::<Vec<f32>>())?)
}

/// That the first rows are those that the interpreter gives.
fn check(model: &Model, input: &Tensor, output: &[u8]) -> Result<(), Failure> {
    let few = input.slice_rows(0, ROWS_INTERPRETED.min(input.rows()))?;
    let plan = Source::new(model)?.plan(std::slice::from_ref(few.shape()), Precision::Fp32)?;
    let interpreted = interpret(&plan, &[few])?;
    let expected: Vec<f32> = interpreted.first().ok_or("the model has no output")?.to_vec()?;
    let got = output.as_chunks::<4>().0.iter().map(|bytes| f32::from_ne_bytes(*bytes));
    let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let worst = expected.iter().zip(got).map(|(expected, got)| (expected - got).abs()).fold(0.0, f32::max);
    if worst <= TOLERANCE * largest {
        return Ok(());
    }
    Err(format!("expected answers within {TOLERANCE} of the largest, got {}", worst / largest).into())
}

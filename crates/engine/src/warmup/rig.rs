use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use phalanx_backend::{
    BackendError, BatchId, Completion, Completions, Lane, Layout, OutputSpec, Program, Slot, SlotOutput,
};
use phalanx_tensor::rows::repeat_row;
use phalanx_tensor::{Shape, Tensor};

use super::sample::Sample;

/// A lane on the calling thread that runs one batch at a time.
pub(crate) struct Rig {
    program: Arc<dyn Program>,
    layout: Arc<Layout>,
    lane: Box<dyn Lane>,
    ended: Arc<Ended>,
    slot: Option<Slot>,
    next_id: u64,
}

#[derive(Default)]
struct Ended {
    completion: Mutex<Option<(Completion, Option<Duration>)>>,
    arrived: Condvar,
}

impl Completions for Ended {
    fn complete(&self, _batch: BatchId, completion: Completion) {
        self.end(completion, None);
    }

    fn complete_after(&self, _batch: BatchId, completion: Completion, busy: Duration) {
        self.end(completion, Some(busy));
    }
}

impl Ended {
    fn end(&self, completion: Completion, busy: Option<Duration>) {
        *self.completion.lock().unwrap_or_else(PoisonError::into_inner) = Some((completion, busy));
        self.arrived.notify_one();
    }

    /// How it ended, and how long the device was busy where the lane knows.
    fn wait(&self) -> (Completion, Option<Duration>) {
        let mut completion = self.completion.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match completion.take() {
                Some(ended) => return ended,
                None => completion = self.arrived.wait(completion).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// The rows that a run gave.
pub(crate) struct Outputs {
    /// Rows that ran, padding included.
    pub(crate) ran: usize,
    /// One tensor an output, of all rows that ran.
    pub(crate) tensors: Vec<Tensor>,
}

impl Outputs {
    /// Why these cannot be handed out row by row; `None` where they can.
    pub(crate) fn misshapen(&self, rows: usize) -> Option<String> {
        let wrong =
            self.tensors.iter().position(|tensor| tensor.rows() != self.ran || tensor.shape().is_empty())?;
        let shape = self.tensors[wrong].shape();
        Some(format!("output {wrong} has the shape {shape} for {} rows", self.ran.max(rows)))
    }
}

impl Rig {
    pub(crate) fn open(program: Arc<dyn Program>, layout: Arc<Layout>) -> Result<Self, BackendError> {
        let ended = Arc::new(Ended::default());
        let lane = program.open_lane(Arc::clone(&ended) as Arc<dyn Completions>)?;
        Ok(Self { program, layout, lane, ended, slot: None, next_id: 0 })
    }

    pub(crate) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    pub(crate) fn rows_max(&self) -> usize {
        self.program.buckets().max()
    }

    /// Runs these rows of the sample, padded to a size the program can run.
    pub(crate) fn run(
        &mut self,
        sample: &Sample,
        tails: &[Shape],
        rows: &[usize],
    ) -> Result<Outputs, BackendError> {
        let bucket = self.fill(sample, tails, rows)?;
        self.submit(bucket)?;
        self.outputs(bucket)
    }

    /// Puts these rows of the sample into the slot; the size at which they run comes back.
    pub(crate) fn fill(
        &mut self,
        sample: &Sample,
        tails: &[Shape],
        rows: &[usize],
    ) -> Result<usize, BackendError> {
        let bucket = self.program.buckets().fit(rows.len()).unwrap_or(rows.len());
        if self.slot.as_ref().is_none_or(|slot| slot.rows_max() < bucket) {
            self.slot = Some(self.program.slot(&self.layout, bucket)?);
        }
        let Some(slot) = &mut self.slot else { return Ok(bucket) };
        for (input, (buffer, spec)) in slot.inputs.iter_mut().zip(&self.layout.inputs).enumerate() {
            let bytes = buffer.as_mut_slice();
            for (position, &row) in rows.iter().enumerate() {
                let target = &mut bytes[position * spec.row_bytes..][..spec.row_bytes];
                sample.write_row(input, &tails[input], row, target);
            }
            repeat_row(bytes, spec.row_bytes, 0, rows.len()..bucket);
        }
        Ok(bucket)
    }

    /// Runs what is in the slot; how long it took comes back, without what it took to hear of it.
    pub(crate) fn submit(&mut self, rows: usize) -> Result<Duration, BackendError> {
        let lost =
            || BackendError::Run { backend: "engine", message: "the slot did not come back".to_owned() };
        let slot = self.slot.take().ok_or_else(lost)?;
        let start = Instant::now();
        self.next_id += 1;
        self.lane.submit(BatchId(self.next_id), slot, rows);
        let (ended, busy) = self.ended.wait();
        let took = start.elapsed();
        let took = busy.map_or(took, |busy| busy.min(took));
        match ended {
            Completion::Done(slot) => {
                self.slot = Some(slot);
                Ok(took)
            }
            Completion::Failed(slot, error) => {
                self.slot = slot;
                Err(error)
            }
            Completion::Lost(loss) => Err(loss.error),
            Completion::Single(_) => Err(lost()),
        }
    }

    /// Runs these inputs as they are; what they give and how long it took come back.
    pub(crate) fn run_single(&mut self, inputs: &[Tensor]) -> Result<(Vec<Tensor>, Duration), BackendError> {
        let start = Instant::now();
        self.next_id += 1;
        self.lane.submit_single(BatchId(self.next_id), inputs);
        let (ended, busy) = self.ended.wait();
        match ended {
            Completion::Single(outputs) => Ok((outputs, busy.unwrap_or_else(|| start.elapsed()))),
            Completion::Failed(_, error) => Err(error),
            Completion::Lost(loss) => Err(loss.error),
            Completion::Done(_) => {
                let message = "a single run ended as a batch".to_owned();
                Err(BackendError::Run { backend: "engine", message })
            }
        }
    }

    fn outputs(&self, rows: usize) -> Result<Outputs, BackendError> {
        let missing = || BackendError::Run { backend: "engine", message: "an output is missing".to_owned() };
        let slot = self.slot.as_ref().ok_or_else(missing)?;
        let outputs =
            self.layout.outputs.iter().zip(&slot.outputs).map(|(spec, output)| match (spec, output) {
                (OutputSpec::Rows(spec), SlotOutput::Buffer(buffer)) => {
                    let bytes = bytes::Bytes::copy_from_slice(&buffer.as_slice()[..rows * spec.row_bytes]);
                    Tensor::from_bytes(spec.dtype, spec.tail.with_rows(rows), bytes)
                        .map_err(|error| BackendError::Run { backend: "engine", message: error.to_string() })
                }
                (_, SlotOutput::Dynamic(Some(tensor))) => Ok(tensor.clone()),
                _ => Err(missing()),
            });
        Ok(Outputs { ran: rows, tensors: outputs.collect::<Result<_, _>>()? })
    }
}

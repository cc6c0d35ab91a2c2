use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use phalanx_backend::{
    BackendError, BatchId, Completion, Completions, Lane, Loss, OutputSpec, Program, Slot, SlotOutput,
};
use phalanx_tensor::{BatchAxis, Shape, Tensor, rows};

/// How long a submission may take before it counts as one that never ends.
const COMPLETION_TIMEOUT: Duration = Duration::from_secs(120);

/// One lane of a program, driven from the calling thread a run at a time: what the engine does, without its queue.
pub struct Rig {
    program: Arc<dyn Program>,
    lane: Box<dyn Lane>,
    completions: Receiver<(BatchId, Completion)>,
    next_batch: u64,
}

/// Where a run ended.
#[derive(Debug)]
pub struct Failure {
    /// What the backend said.
    pub error: BackendError,
    /// Whether the slot came back; `None` where the submission took none.
    pub slot_returned: Option<bool>,
}

struct Inbox(Mutex<Sender<(BatchId, Completion)>>);

impl Completions for Inbox {
    fn complete(&self, batch: BatchId, completion: Completion) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A rig that is gone waits for nothing.
        let _ = sender.send((batch, completion));
    }
}

impl Rig {
    /// Opens a lane of `program` on this thread.
    ///
    /// # Errors
    /// As [`Program::open_lane`].
    pub fn open(program: &Arc<dyn Program>) -> Result<Self, BackendError> {
        let (sender, completions) = channel();
        let lane = program.open_lane(Arc::new(Inbox(Mutex::new(sender))))?;
        Ok(Self { program: Arc::clone(program), lane, completions, next_batch: 0 })
    }

    /// The program it drives.
    #[must_use]
    pub fn program(&self) -> &Arc<dyn Program> {
        &self.program
    }

    /// Answers for `inputs`: as one padded batch where the model has a batch axis, as a single run where not.
    ///
    /// # Errors
    /// What the backend says.
    pub fn answer(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, BackendError> {
        match self.program.signature().batch_axis() {
            BatchAxis::None(_) => self.single(inputs),
            BatchAxis::Dynamic | BatchAxis::Fixed(_) => self.batch(inputs),
        }
    }

    /// Runs the rows of `inputs` in the smallest bucket that holds them.
    ///
    /// # Errors
    /// What the backend says.
    pub fn batch(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, BackendError> {
        let rows = inputs.first().map_or(1, Tensor::rows);
        let bucket = self.program.buckets().fit(rows).unwrap_or_else(|| {
            panic!("{rows} rows fit no bucket of {:?}", self.program.buckets());
        });
        self.batch_in(inputs, bucket)
    }

    /// Runs the rows of `inputs` in a bucket of `bucket` rows, padded with copies of the last row.
    ///
    /// # Errors
    /// What the backend says.
    pub fn batch_in(&mut self, inputs: &[Tensor], bucket: usize) -> Result<Vec<Tensor>, BackendError> {
        let slot = self.slot(inputs, bucket)?;
        let (outcome, _) = self.submit(slot, bucket, inputs[0].rows());
        outcome.map_err(|failure| failure.error)
    }

    /// A slot that holds the rows of `inputs`, padded to `bucket` rows.
    ///
    /// # Errors
    /// As [`Program::layout`] and [`Program::slot`].
    pub fn slot(&self, inputs: &[Tensor], bucket: usize) -> Result<Slot, BackendError> {
        let tails: Vec<Shape> = inputs.iter().map(|tensor| tensor.shape().tail()).collect();
        let layout = Arc::new(self.program.layout(&tails)?);
        let mut slot = self.program.slot(&layout, bucket)?;
        Self::fill(&mut slot, inputs, bucket);
        Ok(slot)
    }

    /// Submits `slot` and gives its first `rows` rows, with the slot where it came back.
    pub fn submit(
        &mut self,
        slot: Slot,
        bucket: usize,
        rows: usize,
    ) -> (Result<Vec<Tensor>, Failure>, Option<Slot>) {
        let batch = self.next();
        self.lane.submit(batch, slot, bucket);
        match self.wait(batch) {
            Completion::Done(slot) => (Ok(outputs(&slot, rows)), Some(slot)),
            Completion::Single(_) => panic!("a batch ended as a single run"),
            Completion::Failed(slot, error) => {
                let slot_returned = Some(slot.is_some());
                (Err(Failure { error, slot_returned }), slot)
            }
            Completion::Lost(loss) => (Err(Failure { error: loss.error, slot_returned: Some(false) }), None),
        }
    }

    /// Runs `inputs` as they are.
    ///
    /// # Errors
    /// What the backend says.
    pub fn single(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, BackendError> {
        let batch = self.next();
        self.lane.submit_single(batch, inputs);
        match self.wait(batch) {
            Completion::Single(outputs) => Ok(outputs),
            Completion::Done(_) => panic!("a single run ended with a slot"),
            Completion::Failed(_, error) | Completion::Lost(Loss { error, .. }) => Err(error),
        }
    }

    /// Submits a batch for each of `requests` before it waits for the first, and gives their answers in order.
    ///
    /// # Errors
    /// What the backend says.
    pub fn all(&mut self, requests: &[Vec<Tensor>]) -> Result<Vec<Vec<Tensor>>, BackendError> {
        let buckets = self.program.buckets();
        let first = self.next_batch + 1;
        for inputs in requests {
            let bucket = buckets.fit(inputs[0].rows()).expect("the caller asks for what fits");
            let slot = self.slot(inputs, bucket)?;
            let batch = self.next();
            self.lane.submit(batch, slot, bucket);
        }
        let mut answers: Vec<Option<Vec<Tensor>>> = vec![None; requests.len()];
        for _ in requests {
            let (BatchId(id), completion) = self.receive();
            let index = usize::try_from(id - first).expect("it counts the requests");
            match completion {
                Completion::Done(slot) => {
                    let answer = outputs(&slot, requests[index][0].rows());
                    assert!(answers[index].replace(answer).is_none(), "batch {id} ended twice");
                }
                Completion::Single(_) => panic!("a batch ended as a single run"),
                Completion::Failed(_, error) | Completion::Lost(Loss { error, .. }) => return Err(error),
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// Copies the rows of `inputs` into `slot` and repeats the last one up to `bucket`.
    pub fn fill(slot: &mut Slot, inputs: &[Tensor], bucket: usize) {
        let layout = Arc::clone(slot.layout());
        for ((buffer, spec), tensor) in slot.inputs.iter_mut().zip(&layout.inputs).zip(inputs) {
            assert_eq!(spec.dtype, tensor.dtype(), "the layout changed an input's dtype");
            let bytes = buffer.as_mut_slice();
            bytes[..tensor.bytes().len()].copy_from_slice(tensor.bytes());
            if tensor.rows() > 0 {
                rows::repeat_row(bytes, spec.row_bytes, tensor.rows() - 1, tensor.rows()..bucket);
            }
        }
    }

    fn next(&mut self) -> BatchId {
        self.next_batch += 1;
        BatchId(self.next_batch)
    }

    fn wait(&self, batch: BatchId) -> Completion {
        let (id, completion) = self.receive();
        assert_eq!(id, batch, "another submission ended than the one in flight");
        assert!(self.completions.try_recv().is_err(), "{batch:?} ended twice");
        completion
    }

    fn receive(&self) -> (BatchId, Completion) {
        let received = self.completions.recv_timeout(COMPLETION_TIMEOUT);
        received.unwrap_or_else(|_| panic!("a submission did not end within {COMPLETION_TIMEOUT:?}"))
    }
}

/// Copies the first `rows` rows of every output out of `slot`.
fn outputs(slot: &Slot, rows: usize) -> Vec<Tensor> {
    let layout = slot.layout();
    slot.outputs
        .iter()
        .zip(&layout.outputs)
        .map(|(output, spec)| match (output, spec) {
            (SlotOutput::Buffer(buffer), OutputSpec::Rows(spec)) => {
                let bytes = bytes::Bytes::copy_from_slice(&buffer.as_slice()[..rows * spec.row_bytes]);
                Tensor::from_bytes(spec.dtype, spec.tail.with_rows(rows), bytes)
                    .expect("the slot's buffer is as long as its layout says")
            }
            (SlotOutput::Dynamic(Some(tensor)), OutputSpec::Dynamic(dtype)) => {
                assert_eq!(tensor.dtype(), *dtype, "a dynamic output has another dtype than its layout says");
                tensor.clone()
            }
            (output, spec) => panic!("output {output:?} does not match its layout {spec:?}"),
        })
        .collect()
}

use std::collections::VecDeque;
use std::io::Result;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use phalanx_backend::{BackendError, BatchId, Completion, Completions, Slot, SlotOutput};
use phalanx_tensor::Tensor;

use super::slots::Slots;
use crate::memory::StatusPage;
use crate::wire::{Channel, Frame, Kind, WireError, encode, send_tensors};

/// Where the program's lane says that a submission has ended, and what tells the parent.
pub(super) struct Answers {
    bell: Arc<Channel>,
    status: Arc<StatusPage>,
    slots: Arc<Slots>,
    state: Mutex<State>,
    ended: Condvar,
}

/// A submission of the lane's, oldest first: that one is being executed.
#[derive(Clone, Copy)]
struct Running {
    seq: u64,
    /// Its slot's tag; a single run has none.
    tag: Option<u64>,
    begun: Instant,
}

/// A submission that has ended.
#[derive(Clone, Copy)]
struct Ended {
    seq: u64,
    tag: Option<u64>,
    /// How long it was executed, counted from the end of the one before it where that was later.
    busy: Duration,
}

#[derive(Default)]
struct State {
    running: VecDeque<Running>,
    last_end: Option<Instant>,
}

impl Answers {
    pub(super) fn new(bell: Arc<Channel>, status: Arc<StatusPage>, slots: Arc<Slots>) -> Self {
        Self { bell, status, slots, state: Mutex::default(), ended: Condvar::new() }
    }

    /// Notes a submission that the lane is about to get, as soon as fewer than `depth_max` are running.
    pub(super) fn begin(&self, seq: u64, tag: Option<u64>, depth_max: usize) {
        let mut state = self.lock();
        while state.running.len() >= depth_max {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.running.push_back(Running { seq, tag, begun: Instant::now() });
        self.note_executing(&state);
    }

    /// Waits until nothing runs.
    pub(super) fn wait_for_all(&self) {
        let mut state = self.lock();
        while !state.running.is_empty() {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The lane panicked under its newest submission: the parent is told that it is lost.
    ///
    /// # Errors
    /// What the socket says.
    pub(super) fn panicked(&self, seq: u64, message: String) -> Result<()> {
        self.tell_error(Kind::Lost, seq, &BackendError::Panicked { message })
    }

    fn end(&self, seq: u64) -> Option<Ended> {
        let mut state = self.lock();
        let position = state.running.iter().position(|running| running.seq == seq)?;
        let Running { tag, begun, .. } = state.running.remove(position)?;
        let now = Instant::now();
        let since = state.last_end.replace(now).map_or(begun, |last| last.max(begun));
        self.note_executing(&state);
        drop(state);
        self.ended.notify_all();
        Some(Ended { seq, tag, busy: now.saturating_duration_since(since) })
    }

    fn note_executing(&self, state: &State) {
        self.status.set_executing(state.running.front().map_or(0, |oldest| oldest.seq));
    }

    fn tell(&self, ended: Ended, completion: Completion) -> Result<()> {
        let seq = ended.seq;
        let busy_ns = u64::try_from(ended.busy.as_nanos()).unwrap_or(u64::MAX);
        let done = |kind| Frame::new(kind, seq).with_busy_ns(busy_ns);
        match (completion, ended.tag) {
            (Completion::Done(slot), Some(tag)) => self.tell_done(done(Kind::Done), tag, slot),
            (Completion::Single(outputs), None) => {
                let outputs: Vec<&Tensor> = outputs.iter().collect();
                self.tell_tensors(done(Kind::SingleDone), &outputs)
            }
            (Completion::Failed(slot, error), tag) => {
                if let Some(tag) = tag {
                    self.slots.give_back(tag, slot);
                }
                self.tell_error(Kind::Failed, seq, &error)
            }
            (Completion::Lost(loss), _) => self.tell_error(Kind::Lost, seq, &loss.error),
            (Completion::Done(_), None) | (Completion::Single(_), Some(_)) => {
                let message = "it ended a batch as a single run, or the other way round".to_owned();
                self.tell_error(Kind::Lost, seq, &BackendError::Run { backend: "worker", message })
            }
        }
    }

    fn tell_done(&self, done: Frame, tag: u64, mut slot: Slot) -> Result<()> {
        let seq = done.seq;
        let dynamic: Vec<Option<Tensor>> = slot
            .outputs
            .iter_mut()
            .filter_map(|output| match output {
                SlotOutput::Dynamic(tensor) => Some(tensor.take()),
                SlotOutput::Buffer(_) => None,
            })
            .collect();
        if !self.slots.give_back(tag, Some(slot)) {
            let message = "it exchanged the buffers of the slot".to_owned();
            return self.tell_error(Kind::Failed, seq, &BackendError::Run { backend: "worker", message });
        }
        if dynamic.is_empty() {
            return self.bell.send(&done);
        }
        let outputs: Option<Vec<&Tensor>> = dynamic.iter().map(Option::as_ref).collect();
        match outputs {
            Some(outputs) => self.tell_tensors(done, &outputs),
            None => {
                let message = "it left no tensor for an output of unknown size".to_owned();
                self.tell_error(Kind::Failed, seq, &BackendError::Run { backend: "worker", message })
            }
        }
    }

    fn tell_tensors(&self, done: Frame, outputs: &[&Tensor]) -> Result<()> {
        match send_tensors(&self.bell, done, outputs) {
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
                let error = BackendError::Run { backend: "worker", message: error.to_string() };
                self.tell_error(Kind::Failed, done.seq, &error)
            }
            sent => sent,
        }
    }

    fn tell_error(&self, kind: Kind, seq: u64, error: &BackendError) -> Result<()> {
        self.bell.send_payload(Frame::new(kind, seq), &[&encode(&WireError::from(error))])
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Completions for Answers {
    fn complete(&self, batch: BatchId, completion: Completion) {
        // A second word about a submission is none.
        let Some(ended) = self.end(batch.0) else { return };
        // A parent that cannot be told is gone, which the control thread sees.
        let _ = self.tell(ended, completion);
    }
}

use std::io::Result;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use phalanx_backend::{BackendError, BatchId, Completions, Layout, Slot};
use phalanx_tensor::Tensor;

use super::flight::Flight;
use super::shown::Shown;
use super::stderr::Tail;
use super::system::Process;
use super::{Reason, Work};
use crate::lock;
use crate::memory::{SlotMemory, StatusPage};
use crate::options::WorkerOptions;
use crate::wire::{
    Channel, Frame, Kind, MESSAGE_BYTES_MAX, SlotMessage, WireLayout, encode, is_closed, send_tensors,
};

/// Slots of a worker's own that batches in other memory are copied through: as many as can be in flight.
const STAGED_MAX: usize = crate::lane::DEPTH_MAX;

/// Looks at a worker that was told to end, before it is killed.
const LINGERING_TICKS_MAX: u32 = 5;

/// One worker process.
pub(crate) struct Worker {
    pub(super) process: Process,
    pub(super) control: Channel,
    pub(super) bell: Channel,
    pub(super) status: StatusPage,
    pub(super) output: Arc<Tail>,
    pub(super) flight: Flight,
    /// The number of the last call; held during a call, since one is answered at a time.
    calls: Mutex<u64>,
    shown: Shown,
    staged: Mutex<Vec<Slot>>,
    is_ready: AtomicBool,
    has_answered: AtomicBool,
    is_closing: AtomicBool,
    is_ending: AtomicBool,
    heartbeat_seen: AtomicU64,
    ticks_without: AtomicU32,
}

impl Worker {
    pub(super) fn new(
        process: Process,
        (control, bell): (Channel, Channel),
        status: StatusPage,
        output: Arc<Tail>,
    ) -> Self {
        Self {
            process,
            control,
            bell,
            status,
            output,
            flight: Flight::default(),
            calls: Mutex::default(),
            shown: Shown::default(),
            staged: Mutex::default(),
            is_ready: AtomicBool::new(false),
            has_answered: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            is_ending: AtomicBool::new(false),
            heartbeat_seen: AtomicU64::new(0),
            ticks_without: AtomicU32::new(0),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn status(&self) -> &StatusPage {
        &self.status
    }

    pub(crate) fn flight(&self) -> &Flight {
        &self.flight
    }

    /// Whether it has prepared the model, and nothing speaks against giving it work.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }

    /// It may be given work from now on.
    pub(crate) fn set_ready(&self) {
        self.is_ready.store(true, Ordering::Release);
    }

    fn set_unready(&self) {
        self.is_ready.store(false, Ordering::Release);
    }

    /// Whether it has ever answered a submission.
    pub(crate) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// Whether it has ended, noticed or not.
    pub(crate) fn has_exited(&self) -> bool {
        self.process.has_exited()
    }

    /// Notes an answer; whether it is the first.
    pub(super) fn note_answer(&self) -> bool {
        !self.has_answered.load(Ordering::Relaxed) && !self.has_answered.swap(true, Ordering::Relaxed)
    }

    /// Ends it at once; its thread takes care of what follows.
    pub(crate) fn kill(&self, reason: Reason) {
        self.set_unready();
        self.process.kill(reason);
    }

    /// Ends it where that lane has given it something to do.
    pub(crate) fn interrupt(&self, lease: u64) {
        self.flight.if_busy(lease, || self.kill(Reason::Interrupted));
    }

    /// Lets it finish what it has, and end.
    pub(crate) fn close(&self) {
        self.set_unready();
        self.is_closing.store(true, Ordering::Relaxed);
        self.bell.close_sending();
    }

    /// Takes no answers any more: it has to end now. Whether it was told to before.
    pub(super) fn expect_end(&self) -> bool {
        self.set_unready();
        let was_closed = self.is_closing.swap(true, Ordering::Relaxed);
        self.is_ending.store(true, Ordering::Relaxed);
        self.bell.close();
        was_closed
    }

    /// Whether it has mapped the slot's memory.
    pub(crate) fn knows(&self, slot: &Slot) -> bool {
        self.shown.has(slot)
    }

    /// Shows it a slot's memory, and which slots are gone by now. That it could not be sent is noticed by the worker's own
    /// thread as its end.
    pub(crate) fn show(&self, memory: &Arc<SlotMemory>, layout: &Layout) {
        let Some(descriptors) = memory.descriptors() else { return };
        let forget = self.shown.take_gone();
        self.shown.insert(memory);
        let message = SlotMessage { layout: WireLayout::from(layout), rows_max: memory.rows_max(), forget };
        let frame = Frame::new(Kind::Slot, 0).with_tag(memory.tag());
        self.sent(self.bell.send_descriptors(frame, &encode(&message), &descriptors));
    }

    /// Gives it a batch in a slot that it knows.
    pub(crate) fn submit(&self, batch: BatchId, completions: &Arc<dyn Completions>, work: Work) {
        let Work::Batch { slot, rows, .. } = &work else { return };
        let frame = Frame::new(Kind::Batch, 0).with_tag(slot.tag()).with_rows(*rows);
        if let Some(seq) = self.flight.enter(batch, completions, work) {
            self.sent(self.bell.send(&frame.with_seq(seq)));
        }
    }

    /// Gives it a single run.
    pub(crate) fn submit_single(
        &self,
        batch: BatchId,
        completions: &Arc<dyn Completions>,
        inputs: &[Tensor],
    ) {
        let Some(seq) = self.flight.enter(batch, completions, Work::Single) else { return };
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        match send_tensors(&self.bell, Frame::new(Kind::Single, seq), &inputs) {
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
                let error = BackendError::Run { backend: "worker", message: error.to_string() };
                self.fail(seq, error);
            }
            sent => self.sent(sent),
        }
    }

    /// A frame that was not sent whole leaves the worker nothing to go by. One that has gone is noticed by its thread.
    fn sent(&self, sent: Result<()>) {
        if let Err(error) = sent
            && !is_closed(&error)
        {
            let what = format!("did not take what it was sent ({error})");
            self.kill(Reason::Garbage { seq: None, what });
        }
    }

    /// Asks it something that takes time, and waits for the answer; `None` where it gives none and is ended for that.
    pub(crate) fn call(&self, kind: Kind, payload: &[u8]) -> Option<Vec<u8>> {
        let mut last = lock(&self.calls);
        *last += 1;
        let answer = self.exchange(kind, *last, payload);
        let unanswered = |error: &std::io::Error| {
            self.set_unready();
            if !is_closed(error) {
                let what = format!("did not answer a call ({error})");
                self.kill(Reason::Garbage { seq: None, what });
            }
        };
        answer.inspect_err(unanswered).ok()
    }

    fn exchange(&self, kind: Kind, id: u64, payload: &[u8]) -> Result<Vec<u8>> {
        self.control.send_payload(Frame::new(kind, id), &[payload])?;
        let frame = self.control.recv()?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        if (frame.kind(), frame.seq) != (Some(Kind::Reply), id) {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "an answer to nothing"));
        }
        self.control.recv_payload(&frame, MESSAGE_BYTES_MAX)
    }

    /// A slot of its own that was used for a batch in other memory.
    pub(crate) fn take_staged(&self, layout: &Layout, rows: usize) -> Option<Slot> {
        let mut staged = lock(&self.staged);
        let fits = |slot: &Slot| **slot.layout() == *layout && slot.rows_max() >= rows;
        let position = staged.iter().position(fits)?;
        Some(staged.swap_remove(position))
    }

    /// Keeps a slot for the next batch in other memory; the one kept longest goes.
    pub(super) fn keep_staged(&self, slot: Slot) {
        let mut staged = lock(&self.staged);
        let oldest = (staged.len() >= STAGED_MAX).then(|| staged.remove(0));
        staged.push(slot);
        drop(staged);
        drop(oldest);
    }

    /// Looks after it: once every tick of the program.
    pub(crate) fn tick(&self, options: &WorkerOptions) {
        if self.process.has_exited() {
            // What it started may hold its sockets open.
            return self.bell.close();
        }
        let gone = self.shown.take_gone();
        if !gone.is_empty() && self.is_ready() {
            self.sent(self.control.send_payload(Frame::new(Kind::Forget, 0), &[&encode(&gone)]));
        }
        let is_closing = self.is_closing.load(Ordering::Relaxed);
        let beats = self.status.heartbeat();
        let is_waited_for = is_closing || (self.is_ready() && self.flight.is_empty());
        if !is_waited_for || (!is_closing && self.heartbeat_seen.swap(beats, Ordering::Relaxed) != beats) {
            return self.ticks_without.store(0, Ordering::Relaxed);
        }
        let ticks = self.ticks_without.fetch_add(1, Ordering::Relaxed) + 1;
        let is_done = self.is_ending.load(Ordering::Relaxed) || self.flight.is_empty();
        if is_closing && is_done && ticks > LINGERING_TICKS_MAX {
            self.kill(Reason::Lingering);
        } else if !is_closing && ticks >= options.stale_ticks_max {
            self.kill(Reason::Stale);
        }
    }

    /// How long the control socket may keep a thread waiting.
    pub(super) fn set_control_timeout(&self, timeout: Duration) -> Result<()> {
        self.control.set_timeout(Some(timeout))
    }
}

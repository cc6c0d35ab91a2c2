use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use phalanx_backend::{BackendError, BatchId, Completion, Completions, Loss};
use phalanx_batch::{BatchRef, Joined, LaneId, Nanos};

use super::panic_message;
use crate::call::Part;
use crate::hub::{Finished, Hub, Scratch, Work, lock};
use crate::trace::Stage;

/// Where an opened lane says that a batch has ended.
pub(super) struct Ended {
    hub: Arc<Hub>,
    lane: LaneId,
    /// The lane returns from a submit before the batch has ended.
    pub(super) asynchronous: bool,
    /// Nothing can be run on this lane any more.
    pub(super) lost: AtomicBool,
    /// A batch has ended well since this was last asked.
    well: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When each batch in flight was submitted.
    submitted: Vec<(BatchRef, Nanos)>,
    last_end_ns: Nanos,
    /// How the batch that a blocking lane ran has ended.
    blocking: Option<Completion>,
    /// The lane's thread waits until nothing is in flight any more.
    owner_waits: bool,
    /// What handing out needs; away while it is used.
    desk: Option<Box<Desk>>,
}

/// A submission that has ended.
struct InFlight {
    batch: BatchRef,
    submitted_ns: Nanos,
    took_ns: Nanos,
    /// The lane's thread waits for it.
    was_last: bool,
}

/// What handing out and forming need, kept to avoid allocations.
#[derive(Default)]
struct Desk {
    scratch: Scratch,
    joined: Vec<Joined<Part>>,
}

impl Ended {
    pub(super) fn new(hub: &Arc<Hub>, lane: LaneId, asynchronous: bool) -> Self {
        Self {
            hub: Arc::clone(hub),
            lane,
            asynchronous,
            lost: AtomicBool::new(false),
            well: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// Submits, and turns a panic into the loss of the lane.
    pub(super) fn submit(&self, batch: BatchRef, submit: impl FnOnce()) {
        lock(&self.state).submitted.push((batch, self.hub.now_ns()));
        let begin_ns = if self.asynchronous { self.hub.span_begin() } else { None };
        let result = catch_unwind(AssertUnwindSafe(submit));
        self.hub.span_end(begin_ns, Stage::Submit, batch, Some(self.lane), 0);
        if let Err(panic) = result {
            let message = panic_message(panic.as_ref());
            let loss = Loss::total(BackendError::Panicked { message });
            self.complete(BatchId(batch.id), Completion::Lost(loss));
        }
    }

    /// How the batch that a blocking lane has just run ended.
    pub(super) fn take_blocking(&self, batch: BatchRef) -> Finished {
        let mut state = lock(&self.state);
        let ended = state.took_ns(batch.id, self.hub.now_ns());
        let took_ns = ended.map_or(0, |(_, _, took_ns)| took_ns);
        let completion = state.blocking.take().unwrap_or_else(|| {
            let message = "the lane returned without ending its batch".to_owned();
            Completion::Failed(None, BackendError::Run { backend: self.hub.backend_name(), message })
        });
        drop(state);
        self.note(&completion);
        self.trace(batch, ended.map(|(_, submitted_ns, _)| submitted_ns));
        Finished { batch, completion, took_ns }
    }

    /// Whether nothing that was submitted is still to end; else the lane's thread is woken when that is so.
    pub(super) fn is_idle_or_will_wake(&self) -> bool {
        let mut state = lock(&self.state);
        state.owner_waits = !state.submitted.is_empty();
        !state.owner_waits
    }

    /// Whether a batch has ended well since this was last asked.
    pub(super) fn take_well(&self) -> bool {
        // Read first: almost always there is nothing to take, and writing would cost the other threads a cache miss.
        self.well.load(Ordering::Relaxed) && self.well.swap(false, Ordering::Relaxed)
    }

    /// A batch that was submitted then has ended.
    fn trace(&self, batch: BatchRef, submitted_ns: Option<Nanos>) {
        if self.hub.settings.trace.is_some() {
            let rows = self.hub.running_rows(batch);
            self.hub.span_end(submitted_ns, Stage::Run, batch, Some(self.lane), rows);
        }
    }

    fn note(&self, completion: &Completion) {
        match completion {
            Completion::Done(_) | Completion::Single(_) => self.well.store(true, Ordering::Relaxed),
            Completion::Lost(_) => self.lost.store(true, Ordering::Release),
            Completion::Failed(..) => {}
        }
    }
}

impl State {
    /// Forgets a submission; when it was made and how long it took, counted from the end of the one before it where that was later.
    fn took_ns(&mut self, id: u64, now_ns: Nanos) -> Option<(BatchRef, Nanos, Nanos)> {
        let position = self.submitted.iter().position(|(batch, _)| batch.id == id)?;
        let (batch, submitted_ns) = self.submitted.swap_remove(position);
        let took_ns = now_ns.saturating_sub(submitted_ns.max(self.last_end_ns));
        self.last_end_ns = now_ns;
        Some((batch, submitted_ns, took_ns))
    }

    /// The same, and whether it is the one that the lane's thread waits for.
    fn end(&mut self, id: u64, now_ns: Nanos) -> Option<InFlight> {
        let (batch, submitted_ns, took_ns) = self.took_ns(id, now_ns)?;
        Some(InFlight {
            batch,
            submitted_ns,
            took_ns,
            was_last: self.owner_waits && self.submitted.is_empty(),
        })
    }
}

impl Completions for Ended {
    fn complete(&self, batch: BatchId, completion: Completion) {
        self.end(batch, completion, None);
    }

    fn complete_after(&self, batch: BatchId, completion: Completion, busy: Duration) {
        self.end(batch, completion, Some(busy));
    }
}

impl Ended {
    fn end(&self, batch: BatchId, completion: Completion, busy: Option<Duration>) {
        if !self.asynchronous {
            // The first word counts: a panic after the end changes nothing.
            lock(&self.state).blocking.get_or_insert(completion);
            return;
        }
        self.hub.placing.keep_off();
        let now_ns = self.hub.now_ns();
        let ended = lock(&self.state).end(batch.0, now_ns);
        let Some(InFlight { batch, submitted_ns, took_ns, was_last }) = ended else { return };
        // More than was measured here it cannot have been.
        let took_ns = busy.map_or(took_ns, |busy| took_ns.min(busy.as_nanos() as Nanos));
        self.note(&completion);
        self.trace(batch, Some(submitted_ns));
        let owner_must_know = was_last || matches!(completion, Completion::Lost(_));
        let finished = Finished { batch, completion, took_ns };
        self.hub.ended(self.lane, &finished, now_ns);
        if owner_must_know {
            self.hub.wake(Some(self.lane));
        }
        self.hand_out(finished);
    }

    /// Hands out what has ended: here where it is little, since waking the mover would take longer.
    fn hand_out(&self, finished: Finished) {
        if !matches!(finished.completion, Completion::Done(_)) || !self.hub.is_small(&finished) {
            return self.hub.inbox.push(Work::Deliver(finished));
        }
        let mut desk = lock(&self.state).desk.take().unwrap_or_default();
        self.hub.deliver(finished, || self.hub.now_ns(), &mut desk.scratch);
        self.hub.form_ahead(self.hub.now_ns(), &mut desk.joined);
        lock(&self.state).desk = Some(desk);
    }
}

//! The engine's logic: admission, gathering, dispatch, answers. Its functions are called by callers, lane threads and
//! the mover thread, take the time as an argument and never wait, so that tests can drive all of it on one thread in
//! virtual time.

mod admit;
mod answer;
mod deliver;
mod gather;
mod lanes;
mod recover;
#[cfg(test)]
mod sim;
mod stop;
mod watch;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use phalanx_backend::{BackendError, Buckets, Completion, Interrupt, Slot};
use phalanx_batch::{BatchRef, HoldId, LaneId, LatencyModel, LeaveReason, Member, Nanos, Scheduler};
use phalanx_handoff::Inbox;
use phalanx_tensor::Signature;
use smallvec::SmallVec;

use crate::call::{CallPool, Part};
use crate::fallback::Stack;
use crate::groups::{Group, Groups};
use crate::metrics::Recorder;
use crate::pad::PadPlan;
use crate::pool::{BufferPool, SlotPool};
use crate::threads::Placing;
use crate::trace::{Span, Stage, Trace};

pub(crate) use deliver::Scratch;
pub(crate) use lanes::{Next, Submission};

/// How one engine works; fixed when it is built.
pub(crate) struct Settings {
    pub(crate) signature: Signature,
    /// The name of the preferred backend.
    pub(crate) backend: &'static str,
    /// The axis 0 that every request must have, where the model fixes it and requests run alone.
    pub(crate) batched: bool,
    pub(crate) buckets: Buckets,
    /// Rows of the largest batch.
    pub(crate) rows_max: usize,
    pub(crate) pad: PadPlan,
    pub(crate) groups_max: usize,
    /// Bytes of the inputs of unanswered requests.
    pub(crate) input_bytes_max: u64,
    /// How long batches take, as far as warm-up has shown.
    pub(crate) latency: LatencyModel,
    /// How long a batch may run before its lane is given up.
    pub(crate) batch_timeout: BatchTimeout,
    /// Whether the requests of a batch that came to a bad end are run again.
    pub(crate) recovers: bool,
    /// How long a lane of an asynchronous device waits awake for its next batch.
    pub(crate) spin: Duration,
    /// Who is told how batches spend their time.
    pub(crate) trace: Option<Arc<dyn Trace>>,
    /// Which of the engine's queues this is.
    pub(crate) number: QueueNumber,
}

/// A queue among those of its engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueNumber {
    /// From 0; the first queue of every device comes before the second of any.
    pub(crate) queue: usize,
    /// How many there are.
    pub(crate) queues: usize,
    /// How many devices they are on.
    pub(crate) devices: usize,
    /// Lanes of the queues before it.
    pub(crate) first_lane: usize,
}

impl QueueNumber {
    /// That of an engine's only queue.
    #[cfg(test)]
    pub(crate) const ONLY: Self = Self { queue: 0, queues: 1, devices: 1, first_lane: 0 };

    /// A lane's number in the whole engine.
    pub(crate) fn lane(self, lane: LaneId) -> usize {
        self.first_lane + lane.0
    }

    pub(crate) fn lane_name(self, lane: LaneId) -> String {
        format!("phalanx-lane-{}", self.lane(lane))
    }

    /// A batch's number in the whole engine.
    fn batch(self, batch: BatchRef) -> u64 {
        batch.id * self.queues as u64 + self.queue as u64
    }
}

/// How long a batch may run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BatchTimeout {
    /// This long.
    Fixed(Nanos),
    /// Ten times what such batches take, where the lane can be interrupted and a batch of this size has run before;
    /// else this long, for the first batch of a size may have a lot to prepare.
    Measured {
        /// The longest.
        max_ns: Nanos,
    },
}

pub(crate) struct Hub {
    pub(crate) stack: Arc<Stack>,
    pub(crate) settings: Settings,
    pub(crate) recorder: Recorder,
    pub(crate) slots: Arc<SlotPool>,
    pub(crate) buffers: Arc<BufferPool>,
    /// What the mover thread has to do.
    pub(crate) inbox: Inbox<Work>,
    pub(crate) lanes: Vec<LaneShared>,
    pub(crate) placing: Placing,
    pub(crate) exiting: AtomicBool,
    scheduler: Mutex<Scheduler<Part>>,
    calls: CallPool,
    cells: Vec<Cell>,
    watch: Mutex<watch::Watch>,
    groups: Groups,
    input_bytes: AtomicU64,
    unanswered: AtomicUsize,
    /// Rows of unanswered requests.
    rows_inside: AtomicUsize,
    settled: (Mutex<()>, Condvar),
    /// Set once no lane is left.
    broken: OnceLock<BackendError>,
    /// What has not been answered is being refused: nothing may come back into the queue.
    refusing: AtomicBool,
    /// Batches that no backend could run, since the last that one could.
    failures_in_a_row: AtomicUsize,
    started: Instant,
}

/// Work for the mover thread.
#[derive(Debug)]
pub(crate) enum Work {
    /// Hand out the results of a batch.
    Deliver(Finished),
    /// Form the next batch ahead.
    Form,
}

/// A batch that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) batch: BatchRef,
    pub(crate) completion: Completion,
    pub(crate) took_ns: Nanos,
}

/// What a lane's thread shares with the others.
#[derive(Default)]
pub(crate) struct LaneShared {
    pub(crate) thread: Mutex<Option<std::thread::Thread>>,
    /// How often it was woken: what a thread that waits awake looks at.
    pub(crate) wakes: AtomicUsize,
    /// Raised when the lane's thread is given up, so that it leaves should it ever come back.
    pub(crate) epoch: AtomicUsize,
    /// Stops what the lane runs.
    pub(crate) interrupt: Mutex<Option<Arc<dyn Interrupt>>>,
}

/// The place of one batch, from its opening until its answers are out.
#[derive(Default)]
struct Cell {
    gather: Mutex<Gather>,
    running: Mutex<Running>,
}

/// A batch whose rows are being copied together.
#[derive(Default)]
struct Gather {
    /// One more than the id of the batch the place was prepared for last; ids only grow.
    prepared: u64,
    /// Until a lane takes it.
    slot: Option<Slot>,
    /// By member index: whether its rows are there.
    gathered: Vec<bool>,
}

/// A batch that a lane has taken.
struct Running {
    /// `None` once it has been answered.
    batch: Option<BatchRef>,
    group: Option<Arc<Group>>,
    lane: LaneId,
    members: Vec<Member<Part>>,
    rows: usize,
    padding_rows: usize,
    reason: LeaveReason,
    left_ns: Nanos,
    slot_bytes: usize,
    level: usize,
    /// It finds out whether another backend is good again.
    probes: bool,
    /// When it is overdue.
    expires_ns: Nanos,
    /// It was overdue at a look that came late, and was given more time.
    was_spared: bool,
    /// Stops it, once.
    interrupt: Option<Arc<dyn Interrupt>>,
}

impl Default for Running {
    fn default() -> Self {
        Self {
            batch: None,
            group: None,
            lane: LaneId(0),
            members: Vec::new(),
            rows: 0,
            padding_rows: 0,
            reason: LeaveReason::Idle,
            left_ns: 0,
            slot_bytes: 0,
            level: 0,
            probes: false,
            expires_ns: 0,
            was_spared: false,
            interrupt: None,
        }
    }
}

impl Hub {
    pub(crate) fn new(
        stack: Arc<Stack>,
        settings: Settings,
        scheduler: Scheduler<Part>,
        slot_bytes_max: usize,
    ) -> Arc<Self> {
        let lanes = scheduler.options().lanes;
        let places = scheduler.places();
        let calls_idle_max = scheduler.options().queue_rows_max.max(64);
        Arc::new(Self {
            recorder: Recorder::new(settings.rows_max),
            slots: SlotPool::new(Arc::clone(stack.primary()), settings.rows_max, slot_bytes_max),
            buffers: BufferPool::new(slot_bytes_max / 16),
            inbox: Inbox::with_capacity(2 * places),
            lanes: (0..lanes).map(|_| LaneShared::default()).collect(),
            placing: Placing::new(lanes),
            exiting: AtomicBool::new(false),
            watch: Mutex::default(),
            cells: (0..places).map(|_| Cell::default()).collect(),
            calls: CallPool::new(calls_idle_max),
            groups: Groups::default(),
            input_bytes: AtomicU64::new(0),
            unanswered: AtomicUsize::new(0),
            rows_inside: AtomicUsize::new(0),
            settled: (Mutex::new(()), Condvar::new()),
            broken: OnceLock::new(),
            refusing: AtomicBool::new(false),
            failures_in_a_row: AtomicUsize::new(0),
            started: Instant::now(),
            scheduler: Mutex::new(scheduler),
            stack,
            settings,
        })
    }

    /// Nanoseconds since the engine was built.
    pub(crate) fn now_ns(&self) -> Nanos {
        self.started.elapsed().as_nanos() as Nanos
    }

    /// When a span begins, where anybody wants to know.
    pub(crate) fn span_begin(&self) -> Option<Nanos> {
        self.settings.trace.as_ref().map(|_| self.now_ns())
    }

    /// A span that began then has ended.
    pub(crate) fn span_end(
        &self,
        begin_ns: Option<Nanos>,
        stage: Stage,
        batch: BatchRef,
        lane: Option<LaneId>,
        rows: usize,
    ) {
        if let Some((begin_ns, trace)) = begin_ns.zip(self.settings.trace.as_ref()) {
            let number = self.settings.number;
            let (batch, lane) = (number.batch(batch), lane.map(|lane| number.lane(lane)));
            trace.span(Span { batch, stage, lane, rows, begin_ns, end_ns: self.now_ns() });
        }
    }

    /// Rows of a batch that a lane runs.
    pub(crate) fn running_rows(&self, batch: BatchRef) -> usize {
        lock(&self.cells[batch.place].running).rows
    }

    /// `deadline` on the engine's clock; 0 where it lies before the engine's start.
    pub(crate) fn at_ns(&self, deadline: Instant) -> Nanos {
        deadline.saturating_duration_since(self.started).as_nanos() as Nanos
    }

    /// The backend that runs the model.
    pub(crate) fn backend_name(&self) -> &'static str {
        self.settings.backend
    }

    /// A burst of requests begins.
    pub(crate) fn hold(&self, now_ns: Nanos) -> HoldId {
        self.scheduler().hold(now_ns)
    }

    /// A burst has ended: its requests may leave.
    pub(crate) fn let_go(&self, hold: HoldId, now_ns: Nanos) {
        let woken: SmallVec<[LaneId; 4]> = self.scheduler().let_go(now_ns, hold).collect();
        woken.into_iter().for_each(|lane| self.wake(Some(lane)));
    }

    /// Wakes a lane's thread.
    pub(crate) fn wake(&self, lane: Option<LaneId>) {
        if let Some(lane) = lane
            && let Some(thread) = &*lock(&self.lanes[lane.0].thread)
        {
            self.lanes[lane.0].wakes.fetch_add(1, Ordering::Release);
            thread.unpark();
        }
    }

    /// Rows of requests that have not been answered.
    pub(crate) fn rows_inside(&self) -> usize {
        self.rows_inside.load(Ordering::Relaxed)
    }

    /// Rows that its lanes can hold at once, formed or running.
    pub(crate) fn rows_in_lanes_max(&self) -> usize {
        let scheduler = self.scheduler();
        let options = scheduler.options();
        options.lanes * options.depth * options.rows_max
    }

    /// Whether no lane is left.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.get().is_some()
    }

    pub(crate) fn queued_rows(&self) -> usize {
        self.scheduler().queued_rows()
    }

    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }

    pub(crate) fn input_bytes(&self) -> u64 {
        self.input_bytes.load(Ordering::Relaxed)
    }

    fn scheduler(&self) -> MutexGuard<'_, Scheduler<Part>> {
        lock(&self.scheduler)
    }
}

/// Locks a mutex. What a panicking thread left behind is consistent: no code that may panic runs under these locks
/// while they guard something half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

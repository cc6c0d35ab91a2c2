mod admit;
mod end;
mod estimate;
mod form;
mod groups;
mod hold;
mod join;
mod readmit;
mod take;
mod wake;
mod window;

pub use admit::{Admitted, Arrival, Placed};
pub use form::Joined;
pub use hold::HoldId;
pub use readmit::{Returning, Turn};

use std::collections::VecDeque;

use slotmap::{SlotMap, new_key_type};

use crate::callers::Callers;
use crate::formed::{Formed, Place};
use crate::places::Places;
use crate::policy::{self, Policy};
use crate::slips::Slips;
use crate::{BatchRef, GroupId, LaneId, Nanos, Options};
use groups::Group;
use hold::Holds;
use window::Candidate;

/// The place of the first arrival in the order; requests that come back are given those before it.
const FIRST_SEQUENCE: u64 = 1 << 63;

new_key_type! {
    /// Names a request from its admission until a lane takes it or it leaves.
    pub struct RequestKey;
}

/// The state machine of the queue, the batches being formed and the lanes.
///
/// A request is admitted, waits or joins a batch, and leaves in exactly one of four ways: with its batch through
/// [`Scheduler::take`], refused through the `refused` list of a call, through [`Scheduler::cancel`], or through
/// [`Scheduler::drain_all`]. `T` is what the owner needs back at that moment.
///
/// A lane asks with [`Scheduler::take`] whenever it has nothing else to do: at first, and after each batch that it was
/// given. One that was told to wait asks again when the time it was told has come, and when it is woken; that a batch
/// of its own ends meanwhile is no reason. Whoever gets a [`LaneId`] from a call has to wake that lane: the scheduler
/// counts on its asking, and wakes no second one for the same batch.
pub struct Scheduler<T> {
    options: Options,
    policy: Box<dyn Policy>,
    /// Whether batches are held to the deadlines of their members.
    keeps_slo: bool,
    entries: SlotMap<RequestKey, Entry<T>>,
    groups: Vec<Option<Group>>,
    /// The batches that no lane has taken yet, the next to leave first; only the last may be open.
    formed: VecDeque<Formed>,
    lanes: Vec<LaneState>,
    /// Lanes that wait, the one that has waited longest first.
    idle: Vec<LaneId>,
    /// Lanes that were woken and have not asked yet.
    waking: usize,
    places: Places,
    /// When the batch in each place was to end; [`Nanos::MAX`] for one that failed.
    foreseen_ns: Vec<Nanos>,
    slips: Slips,
    /// Member lists of batches that are gone, to be used again.
    spare_members: Vec<Vec<Place>>,
    /// Scratch space of the choice of a window.
    candidates: Vec<Candidate>,
    /// Rows in the queues.
    waiting_rows: usize,
    /// Rows in formed batches.
    formed_rows: usize,
    callers: Callers,
    holds: Holds,
    /// Batches in flight on all lanes.
    running: usize,
    lanes_left: usize,
    next_sequence: u64,
    /// What the next request that comes back is ordered by; below all of those that arrive, and falling.
    back_sequence: u64,
    stopping: bool,
}

struct Entry<T> {
    group: GroupId,
    rows: usize,
    rank: i64,
    arrival_ns: Nanos,
    deadline_ns: Nanos,
    /// Batch place and member index, once it has joined one.
    joined: Option<(usize, usize)>,
    payload: T,
}

#[derive(Default)]
struct LaneState {
    in_flight: VecDeque<Flight>,
    /// When it asks by itself, while it is idle.
    asks_ns: Nanos,
    woken: bool,
    lost: bool,
}

struct Flight {
    batch: BatchRef,
    group: GroupId,
    rows: usize,
    ends_ns: Nanos,
    /// It left to find out whether the estimate still holds.
    doubtful: bool,
}

impl<T: Clone> Scheduler<T> {
    /// A scheduler without groups or requests.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let lanes = options.lanes.max(1);
        let depth = options.depth.max(1);
        let options = Options { lanes, depth, rows_max: options.rows_max.max(1), ..options };
        let policy = policy::build(options.policy);
        let places = Places::new(lanes.saturating_mul(depth.saturating_add(1)));
        Self {
            keeps_slo: policy.keeps_slo(),
            policy,
            entries: SlotMap::with_key(),
            groups: Vec::new(),
            formed: VecDeque::with_capacity(lanes),
            lanes: (0..lanes).map(|_| LaneState::default()).collect(),
            idle: Vec::with_capacity(lanes),
            waking: 0,
            foreseen_ns: vec![Nanos::MAX; places.count()],
            places,
            slips: Slips::default(),
            spare_members: Vec::new(),
            candidates: Vec::new(),
            waiting_rows: 0,
            formed_rows: 0,
            callers: Callers::new(lanes),
            holds: Holds::default(),
            running: 0,
            lanes_left: lanes,
            next_sequence: FIRST_SEQUENCE,
            back_sequence: FIRST_SEQUENCE,
            stopping: false,
            options,
        }
    }

    /// Batches that can exist at once, from opening to release: those formed or running, and one more a lane whose
    /// answers are being handed out.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places.count()
    }

    /// What it was made with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Rows that wait or are formed, and do not run yet.
    #[must_use]
    pub fn queued_rows(&self) -> usize {
        self.waiting_rows + self.formed_rows
    }

    /// Whether nothing waits and nothing runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.entries.is_empty() && self.running == 0
    }
}

use crate::{GroupId, LaneId, Nanos, Refusal};

/// Names a batch from its opening to its release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BatchRef {
    /// Never used twice.
    pub id: u64,
    /// The place it occupies while it exists, below [`Scheduler::places`](crate::Scheduler::places).
    pub place: usize,
}

/// Why a batch left when it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeaveReason {
    /// It had as many rows as a batch may have.
    Full,
    /// More rows would have made one of its requests late, or would have left a lane without work.
    Window,
    /// Its first request had waited as long as the policy lets it.
    Deadline,
    /// A lane was free.
    Idle,
    /// The engine is stopping.
    Drain,
}

impl LeaveReason {
    /// All reasons, in the order of their index.
    pub const ALL: [Self; 5] = [Self::Full, Self::Window, Self::Deadline, Self::Idle, Self::Drain];

    /// The word metrics use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Window => "window",
            Self::Deadline => "deadline",
            Self::Idle => "idle",
            Self::Drain => "drain",
        }
    }
}

/// A request of a batch that leaves.
#[derive(Debug)]
pub struct Member<T> {
    /// What came with the request.
    pub payload: T,
    /// Its rows.
    pub rows: usize,
    /// The row it was given when it joined.
    pub joined_at: usize,
    /// Its first row now that requests before it may have left.
    pub offset: usize,
    /// Its position when it joined, counted from 0.
    pub index: usize,
    /// When it arrived.
    pub arrival_ns: Nanos,
    /// When it has to be answered; [`Nanos::MAX`] for no such time.
    pub deadline_ns: Nanos,
    /// The higher goes first.
    pub priority: i32,
}

/// What a lane has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// Run the batch that was put into [`Taken`].
    Run,
    /// Nothing may leave yet: ask again at this time or when woken.
    WaitUntil(Nanos),
    /// Nothing to do: ask again when woken.
    Wait,
}

/// A batch that leaves, and who was too late for it. Reused from call to call, so that taking allocates nothing.
#[derive(Debug)]
pub struct Taken<T> {
    /// Which batch.
    pub batch: BatchRef,
    /// Whose rows it holds.
    pub group: GroupId,
    /// Its rows, all members together.
    pub rows: usize,
    /// Its requests, by ascending offset.
    pub members: Vec<Member<T>>,
    /// Why it left.
    pub reason: LeaveReason,
    /// When it should have ended, behind those in flight on the same lane.
    pub ends_ns: Nanos,
    /// Requests that were refused on the way, whether or not a batch leaves.
    pub refused: Vec<(T, Refusal)>,
    /// Another idle lane that has something to do now.
    pub wake: Option<LaneId>,
    /// Whether requests wait from which the next batch can be formed now: see
    /// [`Scheduler::form_ahead`](crate::Scheduler::form_ahead).
    pub more_waiting: bool,
}

impl<T> Default for Taken<T> {
    fn default() -> Self {
        Self {
            batch: BatchRef { id: 0, place: 0 },
            group: GroupId(0),
            rows: 0,
            members: Vec::new(),
            reason: LeaveReason::Idle,
            ends_ns: 0,
            refused: Vec::new(),
            wake: None,
            more_waiting: false,
        }
    }
}

impl<T> Taken<T> {
    pub(crate) fn clear(&mut self) {
        self.members.clear();
        self.refused.clear();
        self.rows = 0;
        self.wake = None;
        self.more_waiting = false;
    }
}

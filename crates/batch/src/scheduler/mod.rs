mod dispatch;
mod estimate;
mod form;


pub use form::Joined;

use std::collections::VecDeque;

use slotmap::{SlotMap, new_key_type};

use crate::formed::{Formed, Joining, Place};
use crate::policy::{self, Policy};
use crate::queue::{Queue, Urgency, Waiting};
use crate::{BatchRef, GroupId, LaneId, LatencyModel, Nanos, Options, PolicyKind, Refusal};

new_key_type! {
    /// Names a request from its admission until a lane takes it or it leaves.
    pub struct RequestKey;
}

/// What a scheduler has to know of a request.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Which requests it may share a batch with.
    pub group: GroupId,
    /// Its rows.
    pub rows: usize,
    /// When it has to be answered; the SLO counts from the arrival where there is none.
    pub deadline_ns: Option<Nanos>,
    /// The higher goes first.
    pub priority: i32,
}

/// Where an admitted request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Into a batch that is being formed: its rows may be copied there now.
    Joined {
        /// Which batch.
        batch: BatchRef,
        /// Its position among the members.
        index: usize,
        /// Its first row.
        offset: usize,
    },
    /// Into the queue.
    Queued,
}

/// An admitted request.
#[derive(Clone, Copy, Debug)]
pub struct Admitted {
    /// To cancel it by.
    pub key: RequestKey,
    /// Where it went.
    pub placed: Placed,
    /// An idle lane that has something to do now.
    pub wake: Option<LaneId>,
}

/// The state machine of the queue, the batches being formed and the lanes.
///
/// A request is admitted, waits or joins a batch, and leaves in exactly one of four ways: with its batch through
/// [`Scheduler::take`], refused through the `refused` list of a call, through [`Scheduler::cancel`], or through
/// [`Scheduler::drain_all`]. `T` is what the owner needs back at that moment.
pub struct Scheduler<T> {
    options: Options,
    policy: Box<dyn Policy>,
    entries: SlotMap<RequestKey, Entry<T>>,
    groups: Vec<Option<Group>>,
    formed: VecDeque<Formed>,
    lanes: Vec<LaneState>,
    idle: Vec<LaneId>,
    /// Lanes that were woken and have not asked yet.
    waking: usize,
    free_places: Vec<usize>,
    /// Member lists of batches that are gone, to be used again.
    spare_members: Vec<Vec<Place>>,
    /// Rows in the queues.
    waiting_rows: usize,
    /// Rows in formed batches.
    formed_rows: usize,
    next_batch: u64,
    next_sequence: u64,
    stopping: bool,
}

struct Entry<T> {
    group: GroupId,
    rows: usize,
    arrival_ns: Nanos,
    deadline_ns: Nanos,
    /// Batch place and member index, once it has joined one.
    joined: Option<(usize, usize)>,
    payload: T,
}

struct Group {
    queue: Queue,
    latency: LatencyModel,
    /// Its requests never share a batch.
    exclusive: bool,
    /// Requests waiting or formed.
    requests: usize,
}

#[derive(Default)]
struct LaneState {
    in_flight: VecDeque<Flight>,
    woken: bool,
    lost: bool,
}

struct Flight {
    batch: BatchRef,
    group: GroupId,
    rows: usize,
    ends_ns: Nanos,
}

impl<T: Clone> Scheduler<T> {
    /// A scheduler without groups or requests.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let lanes = options.lanes.max(1);
        let depth = options.depth.max(1);
        let options = Options { lanes, depth, rows_max: options.rows_max.max(1), ..options };
        Self {
            policy: policy::build(options.policy),
            entries: SlotMap::with_key(),
            groups: Vec::new(),
            formed: VecDeque::with_capacity(lanes * depth + 1),
            lanes: (0..lanes).map(|_| LaneState::default()).collect(),
            idle: Vec::with_capacity(lanes),
            waking: 0,
            free_places: (0..Self::places_of(&options)).rev().collect(),
            spare_members: Vec::new(),
            waiting_rows: 0,
            formed_rows: 0,
            next_batch: 0,
            next_sequence: 0,
            stopping: false,
            options,
        }
    }

    /// Batches that can exist at once, from opening to release: those formed or running, and one more a lane whose
    /// answers are being handed out.
    #[must_use]
    pub fn places(&self) -> usize {
        Self::places_of(&self.options)
    }

    fn places_of(options: &Options) -> usize {
        options.lanes * (options.depth + 1)
    }

    /// What it was made with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Adds a group whose batches take as long as `latency` says until observed otherwise. An `exclusive` group's
    /// requests run alone, whatever their rows.
    pub fn add_group(&mut self, latency: LatencyModel, exclusive: bool) -> GroupId {
        let group = Group { queue: Queue::default(), latency, exclusive, requests: 0 };
        let position = self.groups.iter().position(Option::is_none).unwrap_or(self.groups.len());
        if position == self.groups.len() {
            self.groups.push(Some(group));
        } else {
            self.groups[position] = Some(group);
        }
        GroupId(position as u32)
    }

    /// Removes a group, unless it has requests or batches: then nothing happens and `false` comes back.
    pub fn remove_group(&mut self, group: GroupId) -> bool {
        let busy = self.lanes.iter().flat_map(|lane| &lane.in_flight).any(|flight| flight.group == group)
            || self.formed.iter().any(|formed| formed.group == group);
        match self.groups.get_mut(group.0 as usize) {
            Some(place @ Some(_)) if !busy && place.as_ref().is_some_and(|group| group.requests == 0) => {
                *place = None;
                true
            }
            _ => false,
        }
    }

    /// The group's batch times.
    #[must_use]
    pub fn latency(&self, group: GroupId) -> Option<&LatencyModel> {
        self.groups.get(group.0 as usize)?.as_ref().map(|group| &group.latency)
    }

    /// Rows that wait or are formed, and do not run yet.
    #[must_use]
    pub fn queued_rows(&self) -> usize {
        self.waiting_rows + self.formed_rows
    }

    /// Whether nothing waits and nothing runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.entries.is_empty() && self.lanes.iter().all(|lane| lane.in_flight.is_empty())
    }

    /// Whether a request of `rows` rows would be admitted now.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn check(&self, now_ns: Nanos, arrival: &Arrival) -> Result<(), Refusal> {
        if self.stopping {
            return Err(Refusal::ShuttingDown);
        }
        if self.queued_rows() + arrival.rows > self.options.queue_rows_max {
            return Err(Refusal::QueueFull { retry_after_ns: self.drained_after_ns(now_ns, arrival) });
        }
        match self.deadline_ns(now_ns, arrival) {
            Nanos::MAX => Ok(()),
            deadline_ns => match self.late_by_ns(now_ns, arrival, deadline_ns) {
                0 => Ok(()),
                late_ns => Err(Refusal::DeadlineExceeded { retry_after_ns: late_ns }),
            },
        }
    }

    /// Admits a request that [`Scheduler::check`] let pass. `None` for a group that does not exist.
    pub fn admit(&mut self, now_ns: Nanos, arrival: &Arrival, payload: T) -> Option<Admitted> {
        let deadline_ns = self.deadline_ns(now_ns, arrival);
        let group = self.groups.get_mut(arrival.group.0 as usize)?.as_mut()?;
        group.requests += 1;
        let key = self.entries.insert(Entry {
            group: arrival.group,
            rows: arrival.rows,
            arrival_ns: now_ns,
            deadline_ns,
            joined: None,
            payload,
        });
        let joining = Joining { key, rows: arrival.rows, arrival_ns: now_ns, deadline_ns };
        let none_waiting = group.queue.is_empty();
        let (placed, opened) = match self.join_at_once(now_ns, arrival.group, joining, none_waiting) {
            Some((placed, opened)) => (placed, opened),
            None => {
                self.enqueue(arrival, joining);
                (Placed::Queued, false)
            }
        };
        let wake = if self.idle.is_empty() { None } else { self.wake_one(now_ns, opened) };
        Some(Admitted { key, placed, wake })
    }

    /// A caller left. Gives back its payload unless a lane has taken the request already; a request that leaves is
    /// never run.
    pub fn cancel(&mut self, key: RequestKey) -> Option<T> {
        let entry = self.entries.remove(key)?;
        match entry.joined {
            Some((place, member)) => {
                if let Some(formed) = self.formed.iter_mut().find(|formed| formed.batch.place == place) {
                    formed.leave(member, entry.rows);
                }
                self.formed_rows -= entry.rows;
            }
            None => {
                self.waiting_rows -= entry.rows;
                let entries = &self.entries;
                if let Some(Some(group)) = self.groups.get_mut(entry.group.0 as usize) {
                    group.queue.left(|key| entries.contains_key(key));
                }
            }
        }
        self.forget_request(entry.group);
        Some(entry.payload)
    }

    /// Admits nothing more. What was admitted still runs, without waiting for a timer.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Takes back every request that no lane has taken.
    pub fn drain_all(&mut self) -> Vec<T> {
        let keys: Vec<RequestKey> = self.entries.keys().collect();
        keys.into_iter().filter_map(|key| self.cancel(key)).collect()
    }

    fn enqueue(&mut self, arrival: &Arrival, joining: Joining) {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.waiting_rows += joining.rows;
        let urgency =
            Urgency { rank: -i64::from(arrival.priority), deadline_ns: joining.deadline_ns, sequence };
        if let Some(Some(group)) = self.groups.get_mut(arrival.group.0 as usize) {
            group.queue.push(Waiting { key: joining.key, rows: joining.rows, urgency });
        }
    }

    fn deadline_ns(&self, now_ns: Nanos, arrival: &Arrival) -> Nanos {
        let promised = match (self.options.policy, self.options.slo_ns) {
            (PolicyKind::SloWindow, Some(slo_ns)) => now_ns.saturating_add(slo_ns),
            _ => Nanos::MAX,
        };
        arrival.deadline_ns.unwrap_or(promised)
    }

    fn forget_request(&mut self, group: GroupId) {
        if let Some(Some(group)) = self.groups.get_mut(group.0 as usize) {
            group.requests -= 1;
        }
    }

    fn group(&self, group: GroupId) -> Option<&Group> {
        self.groups.get(group.0 as usize)?.as_ref()
    }
}

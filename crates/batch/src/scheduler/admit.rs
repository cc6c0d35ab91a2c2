//! Requests coming in, and callers that leave again.

use super::{Entry, RequestKey, Scheduler};
use crate::formed::Joining;
use crate::queue::Urgency;
use crate::{BatchRef, GroupId, LaneId, Nanos, Refusal};

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

impl<T: Clone> Scheduler<T> {
    /// Whether a request of `rows` rows would be admitted now.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn check(&mut self, now_ns: Nanos, arrival: &Arrival) -> Result<(), Refusal> {
        self.callers.offered(arrival.rows);
        if self.stopping {
            return Err(Refusal::ShuttingDown);
        }
        if self.queued_rows().saturating_add(arrival.rows) > self.options.queue_rows_max {
            return Err(Refusal::QueueFull { retry_after_ns: self.drained_after_ns(now_ns, arrival) });
        }
        match self.deadline_ns(now_ns, arrival) {
            Nanos::MAX => Ok(()),
            deadline_ns => match self.retry_if_late_ns(now_ns, arrival, deadline_ns) {
                None => Ok(()),
                Some(retry_after_ns) => Err(Refusal::DeadlineExceeded { retry_after_ns }),
            },
        }
    }

    /// Admits a request that [`Scheduler::check`] let pass. `None` after [`Scheduler::stop`], for a group that does
    /// not exist, for no rows, and for more rows than a batch may have unless the group is exclusive.
    pub fn admit(&mut self, now_ns: Nanos, arrival: &Arrival, payload: T) -> Option<Admitted> {
        let deadline_ns = self.deadline_ns(now_ns, arrival);
        self.queued_rows().checked_add(arrival.rows)?;
        let (stopping, rows_max) = (self.stopping, self.options.rows_max);
        let group = self.group_mut(arrival.group)?;
        if stopping || arrival.rows == 0 || (arrival.rows > rows_max && !group.exclusive) {
            return None;
        }
        group.requests += 1;
        self.callers.arrived(now_ns, arrival.rows);
        let rank = -i64::from(arrival.priority);
        let key = self.entries.insert(Entry {
            group: arrival.group,
            rows: arrival.rows,
            rank,
            arrival_ns: now_ns,
            deadline_ns,
            joined: None,
            payload,
        });
        let joining = Joining { key, rows: arrival.rows, arrival_ns: now_ns, deadline_ns };
        let placed = match self.join_at_once(now_ns, arrival.group, &joining) {
            Some(placed) => placed,
            None => {
                let urgency = Urgency { rank, deadline_ns, sequence: self.next_sequence };
                self.next_sequence += 1;
                self.enqueue(arrival.group, urgency, &joining);
                Placed::Queued
            }
        };
        Some(Admitted { key, placed, wake: self.wake(now_ns) })
    }

    /// A caller left. Gives back its payload unless a lane has taken the request already; a request that leaves is
    /// never run. Where it was the last of a batch that waits for a timer, others may go instead: see
    /// [`Scheduler::wake`].
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
                    group.queue.left(entry.rows, |key| entries.contains_key(key));
                }
            }
        }
        self.forget_request(entry.group);
        Some(entry.payload)
    }

    /// Admits nothing more. What was admitted still runs, without waiting for a timer: every lane has to be woken.
    pub fn stop(&mut self) {
        self.stopping = true;
        while let Some(lane) = self.idle.pop() {
            self.will_ask(lane);
        }
    }

    /// Takes back every request that no lane has taken.
    pub fn drain_all(&mut self) -> Vec<T> {
        let keys: Vec<RequestKey> = self.entries.keys().collect();
        let payloads = keys.into_iter().filter_map(|key| self.cancel(key)).collect();
        while let Some(formed) = self.formed.pop_front() {
            self.places.abandon(formed.batch);
            self.spare_members.push(formed.members);
        }
        payloads
    }

    /// When the request has to be answered. An SLO that not even one row can meet gives no deadline: then batches of
    /// one row are the best that can be done.
    pub(super) fn deadline_ns(&self, now_ns: Nanos, arrival: &Arrival) -> Nanos {
        let promised =
            self.options.slo_ns.filter(|&slo_ns| self.keeps_slo && self.run_ns(arrival.group, 1) <= slo_ns);
        let promised_ns = promised.map_or(Nanos::MAX, |slo_ns| now_ns.saturating_add(slo_ns));
        arrival.deadline_ns.unwrap_or(promised_ns)
    }
}

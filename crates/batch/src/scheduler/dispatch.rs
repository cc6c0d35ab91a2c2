//! Lanes taking batches, and what happens when a batch ends.

use super::{Flight, Scheduler};
use crate::formed::Formed;
use crate::{BatchRef, LaneId, LeaveReason, Member, Nanos, Refusal, Take, Taken};

impl<T: Clone> Scheduler<T> {
    /// A lane asks for work. [`Taken::refused`] is filled whatever the answer.
    pub fn take(&mut self, now_ns: Nanos, lane: LaneId, taken: &mut Taken<T>) -> Take {
        taken.clear();
        self.is_awake(lane);
        if self.lanes[lane.0].lost || self.lanes[lane.0].in_flight.len() >= self.options.depth {
            return Take::Wait;
        }
        loop {
            if self.formed.is_empty() && !self.form(now_ns, &mut taken.refused) {
                return self.goes_idle(lane, Take::Wait);
            }
            self.top_up(now_ns);
            let Some(leaves_ns) = self.formed.front().map(|formed| self.leaves_at_ns(formed, Some(lane))) else {
                continue;
            };
            if leaves_ns > now_ns {
                return self.goes_idle(lane, Take::WaitUntil(leaves_ns));
            }
            if self.depart(now_ns, lane, taken) {
                taken.more_waiting = self.waiting_rows > 0 && self.can_open();
                taken.wake = self.wake_one(now_ns, false);
                return Take::Run;
            }
        }
    }

    /// A batch has ended. `took_ns` is how long it ran, `None` where it failed. Another idle lane that has something
    /// to do comes back.
    pub fn complete(&mut self, now_ns: Nanos, lane: LaneId, batch: BatchRef, took_ns: Option<Nanos>) -> Option<LaneId> {
        let flights = &mut self.lanes[lane.0].in_flight;
        let position = flights.iter().position(|flight| flight.batch == batch)?;
        let flight = flights.remove(position)?;
        if let Some(took_ns) = took_ns {
            self.policy.observe(took_ns);
            if let Some(Some(group)) = self.groups.get_mut(flight.group.0 as usize) {
                group.latency.observe(flight.rows, took_ns);
            }
        }
        self.wake_one(now_ns, false)
    }

    /// A batch's buffers are free again; its place can be used by the next.
    pub fn release(&mut self, batch: BatchRef) {
        debug_assert!(!self.free_places.contains(&batch.place), "a place is released once");
        self.free_places.push(batch.place);
    }

    /// Whether requests wait from which [`Scheduler::form_ahead`] could form a batch now.
    #[must_use]
    pub fn wants_forming(&self) -> bool {
        self.waiting_rows > 0 && self.can_open() && !self.formed.back().is_some_and(Formed::is_open)
    }

    /// A lane is gone, with everything it had in flight; the batches must still be released.
    pub fn lane_lost(&mut self, lane: LaneId) {
        self.is_awake(lane);
        let state = &mut self.lanes[lane.0];
        state.lost = true;
        state.in_flight.clear();
    }

    /// A lane that was lost has been opened again.
    pub fn lane_restored(&mut self, lane: LaneId) {
        self.lanes[lane.0].lost = false;
    }

    /// Whether no lane is left.
    #[must_use]
    pub fn all_lanes_lost(&self) -> bool {
        self.lanes.iter().all(|lane| lane.lost)
    }

    /// Whether this batch is still in flight on this lane, and when it should have ended.
    #[must_use]
    pub fn flight_ends_ns(&self, lane: LaneId, batch: BatchRef) -> Option<Nanos> {
        self.lanes[lane.0].in_flight.iter().find(|flight| flight.batch == batch).map(|flight| flight.ends_ns)
    }

    /// An idle lane to wake, where more batches are ready than lanes are on their way. A batch that was just `opened`
    /// needs a lane that watches its timer.
    pub(super) fn wake_one(&mut self, now_ns: Nanos, opened: bool) -> Option<LaneId> {
        if self.idle.is_empty() {
            return None;
        }
        let formed = self.formed.iter().filter(|formed| self.leaves_at_ns(formed, None) <= now_ns).count();
        let unformed = usize::from(self.formed.is_empty() && self.waiting_rows > 0 && self.can_open());
        if formed + unformed <= self.waking && !(opened && self.waking == 0) {
            return None;
        }
        // A lane with a batch in flight watches its own timer; only a full batch is worth more than that.
        let full = self.formed.front().is_some_and(|formed| !formed.is_open());
        let fits = |lane: &LaneId| full || self.lanes[lane.0].in_flight.is_empty();
        let lane = self.idle.remove(self.idle.iter().rposition(fits)?);
        self.lanes[lane.0].woken = true;
        self.waking += 1;
        Some(lane)
    }

    /// When this batch leaves; 0 for at once.
    fn leaves_at_ns(&self, formed: &Formed, lane: Option<LaneId>) -> Nanos {
        if !formed.is_open() || self.stopping || formed.live_rows == 0 {
            return 0;
        }
        let by_policy_ns = self.policy.leaves_at_ns(formed.oldest_arrival_ns);
        // A device that works by itself is handed the next batch late, but before it falls idle.
        let in_flight = lane.and_then(|lane| self.lanes[lane.0].in_flight.back());
        let by_lead_ns = in_flight.map_or(0, |flight| flight.ends_ns.saturating_sub(self.options.lead_ns));
        by_policy_ns.max(by_lead_ns)
    }

    /// The front batch leaves. `false` where none of its members is left.
    fn depart(&mut self, now_ns: Nanos, lane: LaneId, taken: &mut Taken<T>) -> bool {
        let Some(formed) = self.formed.pop_front() else { return false };
        self.close_ranks(now_ns, &formed, taken);
        taken.batch = formed.batch;
        taken.group = formed.group;
        taken.reason = self.leave_reason(&formed);
        let (batch, group) = (formed.batch, formed.group);
        self.spare_members.push(formed.members);
        if taken.members.is_empty() {
            self.release(batch);
            return false;
        }
        let state = &self.lanes[lane.0];
        let starts_ns = state.in_flight.back().map_or(now_ns, |flight| flight.ends_ns.max(now_ns));
        let ends_ns = starts_ns.saturating_add(self.run_ns(group, taken.rows));
        self.lanes[lane.0].in_flight.push_back(Flight { batch, group, rows: taken.rows, ends_ns });
        true
    }

    /// Hands over the members that are still there; those that are too late by now are refused, and the others move
    /// up into the rows left empty.
    fn close_ranks(&mut self, now_ns: Nanos, formed: &Formed, taken: &mut Taken<T>) {
        for (index, place) in formed.members.iter().enumerate() {
            let Some(entry) = place.key.and_then(|key| self.entries.remove(key)) else { continue };
            self.formed_rows -= entry.rows;
            self.forget_request(formed.group);
            let ends_ns = match entry.deadline_ns {
                Nanos::MAX => now_ns,
                _ => now_ns.saturating_add(self.run_ns(formed.group, entry.rows)),
            };
            if ends_ns > entry.deadline_ns {
                let retry_after_ns = ends_ns - entry.deadline_ns;
                taken.refused.push((entry.payload, Refusal::DeadlineExceeded { retry_after_ns }));
                continue;
            }
            taken.members.push(Member {
                payload: entry.payload,
                rows: entry.rows,
                joined_at: place.offset,
                offset: taken.rows,
                index,
                arrival_ns: entry.arrival_ns,
            });
            taken.rows += entry.rows;
        }
    }

    fn leave_reason(&self, formed: &Formed) -> LeaveReason {
        match formed.closed {
            Some(reason) => reason,
            None if self.stopping => LeaveReason::Drain,
            None if self.policy.leaves_at_ns(formed.oldest_arrival_ns) > 0 => LeaveReason::Deadline,
            None => LeaveReason::Idle,
        }
    }

    fn goes_idle(&mut self, lane: LaneId, take: Take) -> Take {
        self.idle.push(lane);
        take
    }

    fn is_awake(&mut self, lane: LaneId) {
        self.idle.retain(|&other| other != lane);
        if std::mem::take(&mut self.lanes[lane.0].woken) {
            self.waking -= 1;
        }
    }
}

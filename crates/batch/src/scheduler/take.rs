//! Lanes taking batches.

use super::{Flight, Scheduler};
use crate::formed::Formed;
use crate::policy::Open;
use crate::{LaneId, LeaveReason, Member, Nanos, Refusal, Take, Taken};

impl<T: Clone> Scheduler<T> {
    /// A lane asks for work. [`Taken::refused`] and [`Taken::wake`] are filled whatever the answer.
    pub fn take(&mut self, now_ns: Nanos, lane: LaneId, taken: &mut Taken<T>) -> Take {
        taken.clear();
        let take = self.answer(now_ns, lane, taken);
        taken.wake = self.wake(now_ns);
        take
    }

    fn answer(&mut self, now_ns: Nanos, lane: LaneId, taken: &mut Taken<T>) -> Take {
        self.is_awake(lane);
        match self.lanes.get(lane.0) {
            Some(state) if state.lost => return Take::Wait,
            Some(_) if self.is_full(lane) => {
                self.goes_idle(lane, Nanos::MAX);
                return Take::Wait;
            }
            Some(_) => {}
            None => return Take::Wait,
        }
        loop {
            if self.formed.is_empty() && !self.form(now_ns, &mut taken.refused) {
                self.goes_idle(lane, Nanos::MAX);
                return Take::Wait;
            }
            let leaves_ns = self.formed.front().map_or(0, |formed| self.leaves_at_ns(formed, lane));
            if leaves_ns > now_ns {
                self.goes_idle(lane, leaves_ns);
                return if leaves_ns == Nanos::MAX { Take::Wait } else { Take::WaitUntil(leaves_ns) };
            }
            self.seal(now_ns, lane, &mut taken.refused);
            if self.depart(now_ns, lane, taken) {
                taken.more_waiting = self.wants_forming();
                return Take::Run;
            }
        }
    }

    /// Whether the lane may take no other batch before one of its own has ended.
    pub(super) fn is_full(&self, lane: LaneId) -> bool {
        self.lanes.get(lane.0).is_none_or(|state| state.in_flight.len() >= self.options.depth)
    }

    /// When this lane may take this batch; 0 for at once, [`Nanos::MAX`] while nobody knows.
    pub(super) fn leaves_at_ns(&self, formed: &Formed, lane: LaneId) -> Nanos {
        if self.stopping || formed.live_rows == 0 {
            return 0;
        }
        // A device that works by itself is handed the next batch late, but before it falls idle: until then more requests
        // may join. What is full gains nothing by waiting; what is closed since somebody would be late does, as those who
        // make it late may be passed over by then.
        let in_flight = self.lanes.get(lane.0).and_then(|lane| lane.in_flight.back());
        let by_lead_ns = in_flight.map_or(0, |flight| flight.ends_ns.saturating_sub(self.options.lead_ns));
        match formed.closed {
            Some(LeaveReason::Window) if formed.earliest_deadline_ns != Nanos::MAX => return by_lead_ns,
            Some(_) => return 0,
            None => {}
        }
        match self.is_held(formed) {
            // Nobody waits for a time that a burst has not got: its end wakes the lane.
            true => Nanos::MAX,
            false => by_lead_ns.max(self.policy_leaves_at_ns(formed)),
        }
    }

    fn policy_leaves_at_ns(&self, formed: &Formed) -> Nanos {
        let Some(group) = self.group(formed.group) else { return 0 };
        self.policy.leaves_at_ns(&Open {
            oldest_arrival_ns: formed.oldest_arrival_ns,
            earliest_deadline_ns: formed.earliest_deadline_ns,
            rows: formed.live_rows,
            slip_ns: self.slips.most_ns(),
            latency: &group.latency,
        })
    }

    /// When a batch that this lane takes now would start.
    pub(super) fn lane_starts_ns(&self, now_ns: Nanos, lane: LaneId) -> Nanos {
        let last = self.lanes.get(lane.0).and_then(|lane| lane.in_flight.back());
        last.map_or(now_ns, |flight| flight.ends_ns.max(now_ns))
    }

    /// The front batch leaves. `false` where none of its members is left.
    fn depart(&mut self, now_ns: Nanos, lane: LaneId, taken: &mut Taken<T>) -> bool {
        let Some(formed) = self.formed.pop_front() else { return false };
        let starts_ns = self.lane_starts_ns(now_ns, lane);
        let doubtful = self.group(formed.group).is_some_and(|group| group.is_doubtful(now_ns));
        self.close_ranks(starts_ns, doubtful, &formed, taken);
        taken.batch = formed.batch;
        taken.group = formed.group;
        taken.reason = self.leave_reason(&formed);
        let (batch, group) = (formed.batch, formed.group);
        self.spare_members.push(formed.members);
        if taken.members.is_empty() {
            self.places.abandon(batch);
            return false;
        }
        self.places.take(batch);
        self.running += 1;
        let ends_ns = starts_ns.saturating_add(self.run_ns(group, taken.rows));
        taken.ends_ns = ends_ns;
        self.lanes[lane.0].in_flight.push_back(Flight { batch, group, rows: taken.rows, ends_ns, doubtful });
        if let Some(group) = self.group_mut(group) {
            group.ran_ns = now_ns;
        }
        true
    }

    /// Hands over the members that are still there; those that are too late by now are refused, and the others move
    /// up into the rows left empty.
    fn close_ranks(&mut self, starts_ns: Nanos, doubtful: bool, formed: &Formed, taken: &mut Taken<T>) {
        for (index, place) in formed.members.iter().enumerate() {
            let Some(entry) = place.key.and_then(|key| self.entries.remove(key)) else { continue };
            self.formed_rows -= entry.rows;
            self.forget_request(formed.group);
            if entry.deadline_ns != Nanos::MAX {
                let run_ns = if doubtful { 0 } else { self.run_ns(formed.group, entry.rows) };
                let ends_ns = starts_ns.saturating_add(run_ns);
                if ends_ns > entry.deadline_ns {
                    let retry_after_ns = ends_ns - entry.deadline_ns;
                    taken.refused.push((entry.payload, Refusal::DeadlineExceeded { retry_after_ns }));
                    continue;
                }
            }
            taken.members.push(Member {
                payload: entry.payload,
                rows: entry.rows,
                joined_at: place.offset,
                offset: taken.rows,
                index,
                arrival_ns: entry.arrival_ns,
                deadline_ns: entry.deadline_ns,
                priority: i32::try_from(-entry.rank).unwrap_or(i32::MAX),
            });
            taken.rows += entry.rows;
        }
    }

    fn leave_reason(&self, formed: &Formed) -> LeaveReason {
        match formed.closed {
            Some(reason) => reason,
            None if self.stopping => LeaveReason::Drain,
            None if self.policy_leaves_at_ns(formed) > 0 => LeaveReason::Deadline,
            None => LeaveReason::Idle,
        }
    }
}

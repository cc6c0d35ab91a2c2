//! Requests that are too late, and those that are passed over so that more of the others are in time.

use super::{Entry, RequestKey, Scheduler};
use crate::policy::{Rider, window_start};
use crate::queue::Urgency;
use crate::{GroupId, LaneId, Nanos, Refusal};

/// A request that may be passed over.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    rank: i64,
    rider: Rider,
}

/// The requests of this rank whose deadlines come before that time.
#[derive(Clone, Copy, Default)]
pub(super) struct PassedOver {
    rank: i64,
    before_ns: Nanos,
}

impl PassedOver {
    pub(super) fn contains(&self, urgency: Urgency) -> bool {
        urgency.rank == self.rank && urgency.deadline_ns < self.before_ns
    }

    pub(super) fn is_nobody(&self) -> bool {
        self.before_ns == 0
    }
}

impl<T: Clone> Scheduler<T> {
    /// Refuses the requests at the front that could not be answered in time even if they ran alone. Whether there were
    /// any.
    pub(super) fn refuse_late(
        &mut self,
        group: GroupId,
        start_ns: Nanos,
        refused: &mut Vec<(T, Refusal)>,
    ) -> bool {
        let before = refused.len();
        let doubtful = self.group(group).is_some_and(|group| group.is_doubtful(start_ns));
        while let Some(next) = self.next_waiting(group, 0) {
            let latest_ns = next.urgency.deadline_ns;
            let run_ns = if doubtful { 0 } else { self.run_ns(group, next.rows) };
            let ends_ns = start_ns.saturating_add(run_ns);
            if ends_ns <= latest_ns {
                break;
            }
            self.refuse(next.key, ends_ns - latest_ns, refused);
        }
        refused.len() > before
    }

    /// The last look at the batch that leaves next, now that it is known when and who else waits: its oldest members
    /// are passed over where that makes room for more than it costs, and it is filled up.
    pub(super) fn seal(&mut self, now_ns: Nanos, lane: LaneId, refused: &mut Vec<(T, Refusal)>) {
        let Some(formed) = self.formed.front() else { return };
        let Some(group) = self.group(formed.group).filter(|group| !group.exclusive) else { return };
        let (id, queued) = (formed.group, !group.queue.is_empty());
        let start_ns = self.slipped_ns(self.lane_starts_ns(now_ns, lane));
        let late = self.keeps_slo
            && start_ns.saturating_add(group.latency.estimate_ns(formed.live_rows))
                > formed.earliest_deadline_ns;
        if !queued && !late {
            return;
        }
        let mut passed_over = PassedOver::default();
        if self.keeps_slo {
            let rows_cap = self.rows_cap(now_ns, id, 0);
            if let (Some(rows_cap), Some(formed)) = (rows_cap, self.formed.front_mut()) {
                formed.rows_cap = rows_cap;
            }
            passed_over = self.pass_over(0, start_ns);
            self.refuse_members(start_ns, passed_over, refused);
        }
        let rows_max = self.options.rows_max;
        let Some(formed) = self.formed.front_mut().filter(|_| queued) else { return };
        // It may have been closed early, or members have left since.
        if formed.live_rows < formed.rows_cap && formed.rows < rows_max {
            formed.closed = None;
            self.top_up(start_ns, 0, passed_over);
        }
    }

    /// Who of a batch's members, and of those that wait for it, is to be passed over.
    pub(super) fn pass_over(&mut self, position: usize, start_ns: Nanos) -> PassedOver {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        let passed_over = self.choose(position, start_ns, &mut candidates);
        self.candidates = candidates;
        passed_over.unwrap_or_default()
    }

    fn choose(
        &self,
        position: usize,
        start_ns: Nanos,
        candidates: &mut Vec<Candidate>,
    ) -> Option<PassedOver> {
        let formed = self.formed.get(position)?;
        let group = self.group(formed.group)?;
        let candidate = |key: RequestKey| {
            let entry = self.entries.get(key)?;
            let seated = entry.joined.is_some();
            let rider = Rider { deadline_ns: entry.deadline_ns, rows: entry.rows, seated };
            Some(Candidate { rank: entry.rank, rider })
        };
        candidates.extend(formed.members.iter().filter_map(|place| candidate(place.key?)));
        // No more than its slot has room for can join.
        let room = self.options.rows_max.saturating_sub(formed.rows);
        let waiting = group.queue.iter().filter_map(|entry| candidate(entry.key));
        candidates.extend(waiting.scan(room, |room, entry| {
            *room = room.checked_sub(entry.rider.rows)?;
            Some(entry)
        }));
        candidates.sort_unstable_by_key(|candidate| candidate.rider.deadline_ns);
        // Nobody is passed over for a request of lower priority.
        let rank = candidates.iter().map(|candidate| candidate.rank).max()?;
        let passable = candidates.iter().take_while(|candidate| candidate.rank == rank).count();
        let riders = candidates.iter().map(|candidate| candidate.rider);
        let lanes = self.lanes_left.max(1);
        let first = window_start(riders, passable, start_ns, formed.rows_cap, lanes, &group.latency);
        let before_ns = candidates.get(first).map_or(Nanos::MAX, |candidate| candidate.rider.deadline_ns);
        (first > 0).then_some(PassedOver { rank, before_ns })
    }

    /// Refuses the members of the front batch that are passed over.
    fn refuse_members(&mut self, start_ns: Nanos, passed_over: PassedOver, refused: &mut Vec<(T, Refusal)>) {
        if passed_over.is_nobody() {
            return;
        }
        let mut earliest_ns = Nanos::MAX;
        let members = self.formed.front().map_or(0, |formed| formed.members.len());
        for member in 0..members {
            let key = self.formed.front().and_then(|formed| formed.members.get(member)?.key);
            let Some((key, entry)) = key.and_then(|key| Some((key, self.entries.get(key)?))) else {
                continue;
            };
            let Entry { rank, deadline_ns, rows, group, .. } = *entry;
            if passed_over.contains(Urgency { rank, deadline_ns, sequence: 0 }) {
                let ends_ns = start_ns.saturating_add(self.run_ns(group, rows));
                self.refuse(key, ends_ns.saturating_sub(deadline_ns), refused);
            } else {
                earliest_ns = earliest_ns.min(deadline_ns);
            }
        }
        if let Some(formed) = self.formed.front_mut() {
            formed.earliest_deadline_ns = earliest_ns;
        }
    }

    /// A request that waits or has joined a batch is not going to be answered in time.
    fn refuse(&mut self, key: RequestKey, retry_after_ns: Nanos, refused: &mut Vec<(T, Refusal)>) {
        if let Some(payload) = self.cancel(key) {
            refused.push((payload, Refusal::DeadlineExceeded { retry_after_ns }));
        }
    }
}

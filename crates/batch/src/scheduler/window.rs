//! Requests that are too late, and those that are passed over so that more of the others are in time.

use super::{RequestKey, Scheduler};
use crate::policy::window_start;
use crate::{GroupId, LaneId, Nanos, Refusal};

/// A member of a batch that may be passed over.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    deadline_ns: Nanos,
    rows: usize,
    key: RequestKey,
}

impl<T: Clone> Scheduler<T> {
    /// Refuses the requests at the front that could not be answered in time even if they ran alone.
    pub(super) fn refuse_late(&mut self, group: GroupId, start_ns: Nanos, refused: &mut Vec<(T, Refusal)>) {
        let doubtful = self.group(group).is_some_and(|group| group.is_doubtful(start_ns));
        while let Some(next) = self.next_waiting(group, 0) {
            let latest_ns = next.urgency.deadline_ns;
            if latest_ns == Nanos::MAX {
                return;
            }
            let run_ns = if doubtful { 0 } else { self.run_ns(group, next.rows) };
            let ends_ns = start_ns.saturating_add(run_ns);
            if ends_ns <= latest_ns {
                return;
            }
            self.refuse(next.key, ends_ns - latest_ns, refused);
        }
    }

    /// The last look at the batch that leaves next, now that it is known when and who else waits: its oldest members
    /// are passed over where that makes room for more requests than it costs, and it is filled up.
    pub(super) fn seal(&mut self, now_ns: Nanos, lane: LaneId, refused: &mut Vec<(T, Refusal)>) {
        let Some(formed) = self.formed.front().filter(|_| self.policy.keeps_slo()) else { return };
        let Some(group) = self.group(formed.group).filter(|group| !group.exclusive) else { return };
        let (id, queued) = (formed.group, !group.queue.is_empty());
        let start_ns = self.lane_starts_ns(now_ns, lane);
        let late = start_ns.saturating_add(group.latency.estimate_ns(formed.live_rows))
            > formed.earliest_deadline_ns;
        if !queued && !late {
            return;
        }
        let Some(rows_cap) = self.rows_cap(now_ns, id, 0) else { return };
        let Some(formed) = self.formed.front_mut() else { return };
        formed.rows_cap = rows_cap;
        let passed_over = self.window_start(0, start_ns);
        let members = self.candidates.len();
        for index in 0..passed_over.min(members) {
            let Candidate { deadline_ns, rows, key } = self.candidates[index];
            let ends_ns = start_ns.saturating_add(self.run_ns(id, rows));
            self.refuse(key, ends_ns.saturating_sub(deadline_ns), refused);
        }
        let earliest = self.candidates.get(passed_over).map(|candidate| candidate.deadline_ns);
        if let Some(formed) = self.formed.front_mut() {
            formed.earliest_deadline_ns = earliest.unwrap_or(Nanos::MAX);
            if formed.rows < self.options.rows_max && formed.live_rows < rows_cap {
                formed.closed = None;
            }
        }
        self.top_up(now_ns, 0, passed_over.saturating_sub(members));
    }

    /// How many of a batch's members, by ascending deadline, and then of those that wait for it are passed over. The
    /// members are put into `candidates`.
    pub(super) fn window_start(&mut self, position: usize, start_ns: Nanos) -> usize {
        self.candidates.clear();
        let Some(formed) = self.formed.get(position).filter(|_| self.policy.keeps_slo()) else { return 0 };
        let Some(group) = self.groups.get(formed.group.0 as usize).and_then(Option::as_ref) else { return 0 };
        let entries = &self.entries;
        let live = |key: RequestKey| entries.get(key).map(|entry| (entry.deadline_ns, entry.rows));
        // Only among equals: nobody is passed over for a request of lower priority.
        let mut waiting = group.queue.iter().filter(|entry| live(entry.key).is_some()).peekable();
        let rank = if formed.live_rows > 0 {
            if !formed.has_one_rank() {
                return 0;
            }
            formed.ranks.0
        } else {
            match waiting.peek() {
                Some(first) => first.urgency.rank,
                None => return 0,
            }
        };
        for key in formed.members.iter().filter_map(|place| place.key) {
            if let Some((deadline_ns, rows)) = live(key) {
                self.candidates.push(Candidate { deadline_ns, rows, key });
            }
        }
        self.candidates.sort_by_key(|candidate| candidate.deadline_ns);
        let room = self.options.rows_max.saturating_sub(formed.rows);
        let waiting = waiting.take_while(|entry| entry.urgency.rank == rank).scan(room, |room, entry| {
            *room = room.checked_sub(entry.rows)?;
            Some((entry.urgency.deadline_ns, entry.rows))
        });
        let members = self.candidates.iter().map(|candidate| (candidate.deadline_ns, candidate.rows));
        window_start(members.chain(waiting), start_ns, formed.rows_cap, &group.latency)
    }

    /// A request that waits or has joined a batch is not going to be answered in time.
    fn refuse(&mut self, key: RequestKey, retry_after_ns: Nanos, refused: &mut Vec<(T, Refusal)>) {
        if let Some(payload) = self.cancel(key) {
            refused.push((payload, Refusal::DeadlineExceeded { retry_after_ns }));
        }
    }
}

//! What can be foreseen: when a lane is free, and when a request that arrives now would be answered.

use super::{Arrival, Scheduler};
use crate::queue::Urgency;
use crate::{GroupId, Nanos};

/// More than all lanes can do is asked for where as many hundredths of it come.
const OVERLOAD_PERCENT: usize = 110;

/// The shortest delay after which a caller is told to try again.
const RETRY_AFTER_MIN_NS: Nanos = 1_000_000;

impl<T: Clone> Scheduler<T> {
    /// When the next lane is free.
    pub(super) fn lane_free_ns(&self, now_ns: Nanos) -> Nanos {
        let lanes = self.lanes.iter().filter(|lane| !lane.lost);
        let ends =
            lanes.map(|lane| lane.in_flight.back().map_or(now_ns, |flight| flight.ends_ns.max(now_ns)));
        ends.min().unwrap_or(now_ns)
    }

    /// When a batch would start that has `before` formed batches before it, besides those that run.
    pub(super) fn start_ns(&self, now_ns: Nanos, before: usize) -> Nanos {
        let formed = self.formed.iter().take(before);
        let formed_ns: Nanos = formed.map(|formed| self.run_ns(formed.group, formed.live_rows.max(1))).sum();
        self.lane_free_ns(now_ns).saturating_add(formed_ns / self.lanes_divisor())
    }

    /// When a batch that starts then would start if it slipped as others usually do: what shares a batch is held to that, so that
    /// the answers, not only the end of the run, are in time.
    pub(super) fn slipped_ns(&self, start_ns: Nanos) -> Nanos {
        start_ns.saturating_add(self.slips.usual_ns())
    }

    /// Batches that a batch will find running on its lane when it is submitted, with `before` formed before it.
    pub(super) fn ahead(&self, before: usize) -> usize {
        let lanes = self.lanes.iter().filter(|lane| !lane.lost);
        let running = lanes.map(|lane| {
            let submitted_ns =
                lane.in_flight.back().map_or(0, |last| last.ends_ns.saturating_sub(self.options.lead_ns));
            lane.in_flight.iter().filter(|flight| flight.ends_ns > submitted_ns).count()
        });
        running.min().unwrap_or(0) + before / self.lanes_left.max(1)
    }

    /// After how long a request that arrives now and would miss `deadline_ns` may be tried again: 0 where its deadline
    /// is too short for an idle engine. `None` where it may still be in time.
    pub(super) fn retry_if_late_ns(
        &self,
        now_ns: Nanos,
        arrival: &Arrival,
        deadline_ns: Nanos,
    ) -> Option<Nanos> {
        let group = self.group(arrival.group)?;
        if group.requests == 0 && group.is_doubtful(now_ns) {
            return (now_ns > deadline_ns).then_some(0);
        }
        if now_ns.saturating_add(group.latency.estimate_ns(arrival.rows)) > deadline_ns {
            return Some(0);
        }
        if !group.latency.is_known() {
            return None;
        }
        let before = self.rows_before(arrival, deadline_ns);
        let drained_ns = self.lane_free_ns(now_ns).saturating_add(self.drain_ns(arrival, before));
        let ends_ns = match group.exclusive {
            true => drained_ns,
            false if self.is_overloaded(arrival.group) => {
                drained_ns.max(self.batch_ends_ns(now_ns, arrival, before))
            }
            false => drained_ns,
        };
        (ends_ns > deadline_ns).then(|| ends_ns - deadline_ns)
    }

    /// Whether more is asked than all lanes can do. What comes in a burst may still be in time, since it ends; what
    /// comes all the time will not.
    fn is_overloaded(&self, group: GroupId) -> bool {
        let cap = self.rows_cap_now(group);
        let offered = self.callers.offered_rows(self.run_ns(group, cap) / self.lanes_divisor());
        offered.saturating_mul(100) >= cap.saturating_mul(OVERLOAD_PERCENT)
    }

    /// When the batch would end that this request would ride, with `before` rows before it and those that are likely to
    /// join it until it leaves. Whoever would be too late for it is better told now than when it leaves.
    fn batch_ends_ns(&self, now_ns: Nanos, arrival: &Arrival, before: usize) -> Nanos {
        let waiting = before.saturating_sub(self.formed_rows);
        let last = self.formed.back().filter(|last| last.group == arrival.group);
        let cap = self.rows_cap_now(arrival.group);
        let joins = last.filter(|last| {
            waiting == 0 && last.is_open() && last.live_rows.saturating_add(arrival.rows) <= last.rows_cap
        });
        let (start_ns, rows) = match joins {
            Some(last) => (self.start_ns(now_ns, self.formed.len() - 1), last.live_rows),
            None => {
                let first_ns = self.start_ns(now_ns, self.formed.len());
                let batches_ns = self.run_ns(arrival.group, cap).saturating_mul((waiting / cap) as Nanos);
                (first_ns.saturating_add(batches_ns / self.lanes_divisor()), waiting % cap)
            }
        };
        let joining = self.callers.expected_rows(start_ns.saturating_sub(now_ns));
        let rows = rows.saturating_add(arrival.rows).saturating_add(joining).min(cap.max(arrival.rows));
        start_ns.saturating_add(self.run_ns(arrival.group, rows))
    }

    /// When there will be room in the queue for this request.
    pub(super) fn drained_after_ns(&self, now_ns: Nanos, arrival: &Arrival) -> Nanos {
        let wait_ns = self.lane_free_ns(now_ns).saturating_sub(now_ns);
        wait_ns.saturating_add(self.drain_ns(arrival, 0)).max(RETRY_AFTER_MIN_NS)
    }

    /// Rows that will run before this request: those of batches that are formed, and the more urgent ones that wait.
    fn rows_before(&self, arrival: &Arrival, deadline_ns: Nanos) -> usize {
        let rank = -i64::from(arrival.priority);
        let urgency = Urgency { rank, deadline_ns, sequence: self.next_sequence };
        let waiting = self.groups.iter().flatten().map(|group| group.queue.rows_before(urgency));
        self.formed_rows + waiting.sum::<usize>()
    }

    /// How long all lanes together take at best for `before` rows and then this request: each with its share of the rows,
    /// in batches of the most efficient size, and what is left over.
    fn drain_ns(&self, arrival: &Arrival, before: usize) -> Nanos {
        let Some(group) = self.group(arrival.group) else { return 0 };
        let batch = match group.exclusive {
            true => arrival.rows,
            false => group.latency.fastest_size().min(self.options.rows_max),
        };
        let share = before.saturating_add(arrival.rows).div_ceil(self.lanes_left.max(1));
        let rows = share.max(arrival.rows).max(1);
        let batches = (rows - 1) / batch.max(1);
        let full_ns = group.latency.estimate_ns(batch).saturating_mul(batches as Nanos);
        full_ns.saturating_add(group.latency.shortest_ns(rows - batches * batch))
    }

    fn rows_cap_now(&self, group: GroupId) -> usize {
        self.group(group).map_or(self.options.rows_max, |group| group.rows_cap.max(1))
    }

    fn lanes_divisor(&self) -> Nanos {
        self.lanes_left.max(1) as Nanos
    }
}

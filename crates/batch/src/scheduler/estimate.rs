//! What can be foreseen: when a lane is free, and when a request that arrives now would be answered.

use super::{Arrival, Scheduler};
use crate::{GroupId, Nanos};

/// The shortest delay after which a caller is told to try again.
const RETRY_AFTER_MIN_NS: Nanos = 1_000_000;

impl<T: Clone> Scheduler<T> {
    /// When the next lane is free.
    pub(super) fn lane_free_ns(&self, now_ns: Nanos) -> Nanos {
        let lanes = self.lanes.iter().filter(|lane| !lane.lost);
        let ends = lanes.map(|lane| lane.in_flight.back().map_or(now_ns, |flight| flight.ends_ns.max(now_ns)));
        ends.min().unwrap_or(now_ns)
    }

    /// When a batch would start that has `before` formed batches before it, besides those that run.
    pub(super) fn start_ns(&self, now_ns: Nanos, before: usize) -> Nanos {
        let formed = self.formed.iter().take(before);
        let formed_ns: Nanos = formed.map(|formed| self.run_ns(formed.group, formed.live_rows.max(1))).sum();
        self.lane_free_ns(now_ns).saturating_add(formed_ns / self.lanes.len() as Nanos)
    }

    /// How long a batch of `rows` rows of this group takes.
    pub(super) fn run_ns(&self, group: GroupId, rows: usize) -> Nanos {
        self.group(group).map_or(0, |group| group.latency.estimate_ns(rows))
    }

    /// By how much a request that arrives now would miss `deadline_ns`; 0 where it would not.
    pub(super) fn late_by_ns(&self, now_ns: Nanos, arrival: &Arrival, deadline_ns: Nanos) -> Nanos {
        let Some(group) = self.group(arrival.group) else { return 0 };
        let run_ns = group.latency.estimate_ns(arrival.rows);
        let hopeless_ns = now_ns.saturating_add(run_ns).saturating_sub(deadline_ns);
        if hopeless_ns > 0 || !group.latency.is_known() || arrival.priority > 0 {
            return hopeless_ns;
        }
        let start_ns = self.lane_free_ns(now_ns).saturating_add(self.backlog_ns(arrival));
        start_ns.saturating_add(run_ns).saturating_sub(deadline_ns)
    }

    /// When there will be room in the queue for this request.
    pub(super) fn drained_after_ns(&self, now_ns: Nanos, arrival: &Arrival) -> Nanos {
        let wait_ns = self.lane_free_ns(now_ns).saturating_sub(now_ns);
        let share = (arrival.rows as f64 / self.queued_rows().max(1) as f64).min(1.0);
        let drain_ns = (self.backlog_ns(arrival) as f64 * share) as Nanos;
        wait_ns.saturating_add(drain_ns).max(RETRY_AFTER_MIN_NS)
    }

    /// How long all lanes together take for the rows that do not run yet, in full batches.
    fn backlog_ns(&self, arrival: &Arrival) -> Nanos {
        let Some(group) = self.group(arrival.group) else { return 0 };
        let cap = match self.options.slo_ns {
            Some(slo_ns) if self.policy.keeps_slo() => {
                group.latency.rows_within(slo_ns / 2, self.options.rows_max).max(1)
            }
            _ => self.options.rows_max,
        };
        let batches = self.queued_rows() / cap;
        let rest = self.queued_rows() % cap;
        let full_ns = group.latency.estimate_ns(cap).saturating_mul(batches as Nanos) / self.lanes.len() as Nanos;
        let rest_ns = if rest + arrival.rows > cap { group.latency.estimate_ns(rest) } else { 0 };
        full_ns.saturating_add(rest_ns)
    }
}

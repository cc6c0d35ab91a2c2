//! What happens when a batch ends or a lane is lost.

use super::Scheduler;
use crate::{BatchRef, LaneId, Nanos};

impl<T: Clone> Scheduler<T> {
    /// A batch has ended. `took_ns` is how long it ran, `None` where it failed. A lane that waits and has something to do
    /// now comes back; it may be the same.
    pub fn complete(
        &mut self,
        now_ns: Nanos,
        lane: LaneId,
        batch: BatchRef,
        took_ns: Option<Nanos>,
    ) -> Option<LaneId> {
        let in_flight: usize =
            self.lanes.iter().flat_map(|lane| &lane.in_flight).map(|flight| flight.rows).sum();
        let flights = &mut self.lanes.get_mut(lane.0)?.in_flight;
        let position = flights.iter().position(|flight| flight.batch == batch)?;
        let flight = flights.remove(position)?;
        self.running -= 1;
        self.foreseen_ns[batch.place] = took_ns.map_or(Nanos::MAX, |_| flight.ends_ns);
        if position == 0 {
            self.foresee_ends(now_ns, lane);
        }
        // Right before a batch ends, the most callers are there.
        self.callers.present(self.queued_rows() + in_flight);
        self.callers.ended(now_ns, flight.rows);
        if let (Some(took_ns), Some(group)) = (took_ns, self.group_mut(flight.group)) {
            group.ran_ns = now_ns;
            if flight.doubtful {
                group.latency.correct(flight.rows, took_ns);
            }
            group.latency.observe(flight.rows, took_ns);
            self.policy.observe(flight.rows, took_ns);
        }
        self.wake(now_ns)
    }

    /// What a lane has in flight begins now, one after the other.
    fn foresee_ends(&mut self, now_ns: Nanos, lane: LaneId) {
        let mut flights = std::mem::take(&mut self.lanes[lane.0].in_flight);
        let mut starts_ns = now_ns;
        for flight in &mut flights {
            flight.ends_ns = starts_ns.saturating_add(self.run_ns(flight.group, flight.rows));
            starts_ns = flight.ends_ns;
        }
        self.lanes[lane.0].in_flight = flights;
    }

    /// The answers of a batch that a lane has taken are handed out, and its buffers are free again: its place can be used
    /// by the next. An idle lane
    /// comes back where requests have been waiting for just that.
    pub fn release(&mut self, now_ns: Nanos, batch: BatchRef) -> Option<LaneId> {
        if self.places.release(batch) {
            let foreseen_ns = std::mem::replace(&mut self.foreseen_ns[batch.place], Nanos::MAX);
            if foreseen_ns != Nanos::MAX {
                self.slips.record(foreseen_ns, now_ns);
            }
        }
        self.wake(now_ns)
    }

    /// A lane is gone, with everything it had in flight; the batches must still be released. Another idle lane that
    /// has to stand in for it comes back.
    pub fn lane_lost(&mut self, lane: LaneId) -> Option<LaneId> {
        self.is_awake(lane);
        let state = self.lanes.get_mut(lane.0).filter(|state| !state.lost)?;
        state.lost = true;
        self.lanes_left -= 1;
        self.running -= state.in_flight.len();
        state.in_flight.clear();
        self.wake(0)
    }

    /// A lane that was lost has been opened again, and is going to ask.
    pub fn lane_restored(&mut self, lane: LaneId) {
        if let Some(state) = self.lanes.get_mut(lane.0).filter(|state| state.lost) {
            state.lost = false;
            self.lanes_left += 1;
        }
    }

    /// Whether no lane is left.
    #[must_use]
    pub fn all_lanes_lost(&self) -> bool {
        self.lanes_left == 0
    }

    /// Whether this batch is still in flight on this lane, and when it should have ended.
    #[must_use]
    pub fn flight_ends_ns(&self, lane: LaneId, batch: BatchRef) -> Option<Nanos> {
        let flights = &self.lanes.get(lane.0)?.in_flight;
        flights.iter().find(|flight| flight.batch == batch).map(|flight| flight.ends_ns)
    }
}

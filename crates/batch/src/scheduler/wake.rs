//! Which idle lane has to be woken, so that no batch is left waiting and no lane asks for nothing.

use std::cmp::Reverse;

use super::Scheduler;
use crate::{LaneId, Nanos};

impl<T: Clone> Scheduler<T> {
    /// The idle lane that can take the next batch first, unless one that was woken or that asks by itself in time
    /// will do. It counts as woken from now on.
    ///
    /// Only after [`Scheduler::cancel`] does it have to be asked for; the other calls that can make a lane useful
    /// give it back themselves.
    pub fn wake(&mut self, now_ns: Nanos) -> Option<LaneId> {
        if self.idle.is_empty() {
            return None;
        }
        // Each lane that was woken and has not asked yet takes one batch.
        let next = self.waking;
        let unformed = next == self.formed.len() && self.wants_forming();
        if next >= self.formed.len() && !unformed {
            return None;
        }
        // Batches leave in order, so a lane gets one only when those before it may leave too.
        let takes_ns = |lane: LaneId| {
            if self.is_full(lane) {
                return Nanos::MAX;
            }
            let leaves = self.formed.iter().take(next + 1).map(|formed| self.leaves_at_ns(formed, lane));
            leaves.max().unwrap_or(0).max(now_ns)
        };
        let lanes = self.idle.iter().enumerate();
        // Of equal lanes the one that fell idle last is the warmest.
        let first = lanes.map(|(position, &lane)| (takes_ns(lane), Reverse(position))).min();
        let (takes_ns, Reverse(position)) = first?;
        if self.idle.iter().any(|lane| self.lanes[lane.0].asks_ns <= takes_ns) {
            return None;
        }
        let lane = self.idle.remove(position);
        self.will_ask(lane);
        Some(lane)
    }

    /// The lane waits, until `asks_ns` at most.
    pub(super) fn goes_idle(&mut self, lane: LaneId, asks_ns: Nanos) {
        self.lanes[lane.0].asks_ns = asks_ns;
        self.idle.push(lane);
    }

    /// The lane was told to ask.
    pub(super) fn will_ask(&mut self, lane: LaneId) {
        self.lanes[lane.0].woken = true;
        self.waking += 1;
    }

    /// The lane asks, or is gone.
    pub(super) fn is_awake(&mut self, lane: LaneId) {
        self.idle.retain(|&other| other != lane);
        if self.lanes.get_mut(lane.0).is_some_and(|lane| std::mem::take(&mut lane.woken)) {
            self.waking -= 1;
        }
    }
}

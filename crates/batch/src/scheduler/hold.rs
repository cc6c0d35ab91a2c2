//! Bursts: requests that come together, and are not to leave one by one.

use super::Scheduler;
use crate::formed::Formed;
use crate::{LaneId, Nanos};

/// Names a burst until it is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldId(u64);

/// The bursts that have begun and not ended.
#[derive(Default)]
pub(super) struct Holds {
    since_ns: Vec<(HoldId, Nanos)>,
    next: u64,
}

impl<T: Clone> Scheduler<T> {
    /// A burst begins: what is admitted from now on comes with more to follow at once, so an open batch that holds
    /// nothing older stays open until [`Scheduler::let_go`]. A full one leaves all the same.
    pub fn hold(&mut self, now_ns: Nanos) -> HoldId {
        let id = HoldId(self.holds.next);
        self.holds.next += 1;
        self.holds.since_ns.push((id, now_ns));
        id
    }

    /// The burst has ended. Gives the lanes that have something to do now; see [`Scheduler::wake`].
    pub fn let_go(&mut self, now_ns: Nanos, hold: HoldId) -> impl Iterator<Item = LaneId> {
        self.holds.since_ns.retain(|(id, _)| *id != hold);
        std::iter::from_fn(move || self.wake(now_ns))
    }

    /// Whether this open batch has nothing but what the bursts that are under way have brought.
    pub(super) fn is_held(&self, formed: &Formed) -> bool {
        let first = self.holds.since_ns.iter().map(|(_, since_ns)| *since_ns).min();
        first.is_some_and(|since_ns| formed.oldest_arrival_ns >= since_ns)
    }
}

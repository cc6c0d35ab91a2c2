//! Requests that come back because their batch came to a bad end.

use super::{Entry, RequestKey, Scheduler};
use crate::formed::Joining;
use crate::queue::{Urgency, Waiting};
use crate::{GroupId, LaneId, Nanos};

/// Where in the queue a request comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Before all others of its priority and deadline.
    First,
    /// Behind them.
    Last,
}

/// A request that a lane had taken and that has to run again.
#[derive(Clone, Copy, Debug)]
pub struct Returning {
    /// Which requests it may share a batch with this time.
    pub group: GroupId,
    /// Its rows.
    pub rows: usize,
    /// When it arrived at first.
    pub arrival_ns: Nanos,
    /// When it has to be answered; [`Nanos::MAX`] for no such time.
    pub deadline_ns: Nanos,
    /// The higher goes first.
    pub priority: i32,
    /// Where it comes back.
    pub turn: Turn,
}

impl<T: Clone> Scheduler<T> {
    /// Puts a request back into the queue.
    ///
    /// It was admitted once, so neither a full queue nor [`Scheduler::stop`] keeps it out; its deadline still does, when
    /// its turn comes. `None` for a group that does not exist.
    pub fn readmit(
        &mut self,
        now_ns: Nanos,
        returning: &Returning,
        payload: T,
    ) -> Option<(RequestKey, Option<LaneId>)> {
        let Returning { group, rows, arrival_ns, deadline_ns, priority, turn } = *returning;
        self.group_mut(group)?.requests += 1;
        let rank = -i64::from(priority);
        let entry = Entry { group, rows, rank, arrival_ns, deadline_ns, joined: None, payload };
        let key = self.entries.insert(entry);
        let sequence = match turn {
            Turn::First => {
                self.back_sequence -= 1;
                self.back_sequence
            }
            Turn::Last => {
                self.next_sequence += 1;
                self.next_sequence - 1
            }
        };
        let urgency = Urgency { rank, deadline_ns, sequence };
        self.enqueue(group, urgency, &Joining { key, rows, arrival_ns, deadline_ns });
        Some((key, self.wake(now_ns)))
    }

    pub(super) fn enqueue(&mut self, group: GroupId, urgency: Urgency, joining: &Joining) {
        self.waiting_rows += joining.rows;
        if let Some(group) = self.group_mut(group) {
            group.queue.push(Waiting { key: joining.key, rows: joining.rows, urgency });
        }
    }
}

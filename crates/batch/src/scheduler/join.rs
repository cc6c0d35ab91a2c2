//! Who may join a batch that is being formed.

use super::window::PassedOver;
use super::{Placed, Scheduler};
use crate::formed::{Formed, Joining};
use crate::queue::Waiting;
use crate::{GroupId, LeaveReason, Nanos};

/// What came of a request's joining a batch.
enum Join {
    Placed(Placed),
    /// It would be late itself; the batch stays open.
    TooLate,
    /// The batch is closed.
    Closed,
}

enum Fits {
    Yes,
    TooLate,
    No(LeaveReason),
}

impl<T: Clone> Scheduler<T> {
    /// An arrival joins the open batch, or opens one, where nobody waits before it.
    pub(super) fn join_at_once(
        &mut self,
        now_ns: Nanos,
        group: GroupId,
        joining: &Joining,
    ) -> Option<Placed> {
        if !self.group(group)?.queue.is_empty() {
            return None;
        }
        match self.formed.back().filter(|formed| formed.is_open()).map(|formed| formed.group) {
            Some(open) if open != group => return None,
            Some(_) => {
                let placed = self.join_back(now_ns, joining);
                if placed.is_some() {
                    return placed;
                }
            }
            None => {}
        }
        if self.waiting_rows > 0 || !self.can_open() {
            return None;
        }
        self.open(now_ns, group)?;
        self.join_back(now_ns, joining)
    }

    fn join_back(&mut self, now_ns: Nanos, joining: &Joining) -> Option<Placed> {
        let back = self.formed.len().checked_sub(1)?;
        let start_ns = if self.keeps_slo { self.slipped_ns(self.start_ns(now_ns, back)) } else { now_ns };
        match self.join(start_ns, back, joining) {
            Join::Placed(placed) => Some(placed),
            Join::TooLate | Join::Closed => None,
        }
    }

    /// Moves waiting requests into an open batch that starts at `start_ns`, as many as it takes, except those that are
    /// `passed_over` and those that a batch of its size would not answer in time.
    pub(super) fn top_up(&mut self, start_ns: Nanos, position: usize, passed_over: PassedOver) {
        let mut at = 0;
        while let Some(group) =
            self.formed.get(position).filter(|formed| formed.is_open()).map(|formed| formed.group)
        {
            // Those who are left out come first, so there is an end to looking for others behind them.
            let Some(next) = self.next_waiting(group, at).filter(|_| at < self.options.rows_max) else {
                return;
            };
            if passed_over.contains(next.urgency) {
                at += 1;
                continue;
            }
            let Some(joining) = self.joining(&next) else { return };
            match self.join(start_ns, position, &joining) {
                Join::Placed(_) => self.dequeue(group, at),
                Join::TooLate => at += 1,
                Join::Closed => return,
            }
        }
    }

    /// Puts a request into an open batch, unless that would be too many rows or make one of its members late: then
    /// the batch is closed.
    fn join(&mut self, start_ns: Nanos, position: usize, joining: &Joining) -> Join {
        let fits = self.fits(start_ns, position, joining);
        let Some(formed) = self.formed.get_mut(position).filter(|formed| formed.is_open()) else {
            return Join::Closed;
        };
        match fits {
            Fits::Yes => {}
            Fits::TooLate => return Join::TooLate,
            Fits::No(reason) => {
                formed.closed = Some(reason);
                return Join::Closed;
            }
        }
        let offset = formed.rows;
        let index = formed.join(joining);
        let batch = formed.batch;
        self.formed_rows += joining.rows;
        if let Some(entry) = self.entries.get_mut(joining.key) {
            entry.joined = Some((batch.place, index));
        }
        self.close_if_full(position);
        Join::Placed(Placed::Joined { batch, index, offset })
    }

    /// Whether a request may ride in a batch.
    fn fits(&self, start_ns: Nanos, position: usize, joining: &Joining) -> Fits {
        let Some(formed) = self.formed.get(position).filter(|formed| formed.rows > 0) else {
            return Fits::Yes;
        };
        let rows = formed.live_rows + joining.rows;
        // Rows that left leave holes until the batch is taken, so both counts are held to a limit.
        if formed.rows + joining.rows > self.options.rows_max
            || (formed.live_rows > 0 && rows > formed.rows_cap)
        {
            return Fits::No(self.policy.cap_reason(formed.rows_cap, self.options.rows_max));
        }
        let deadline_ns = formed.earliest_deadline_ns.min(joining.deadline_ns);
        if deadline_ns == Nanos::MAX || formed.live_rows == 0 || !self.keeps_slo {
            return Fits::Yes;
        }
        let ends_ns = start_ns.saturating_add(self.run_ns(formed.group, rows));
        match ends_ns {
            _ if ends_ns <= deadline_ns => Fits::Yes,
            _ if ends_ns > joining.deadline_ns => Fits::TooLate,
            _ => Fits::No(LeaveReason::Window),
        }
    }

    fn close_if_full(&mut self, position: usize) {
        let rows_max = self.options.rows_max;
        let Some(formed) = self.formed.get_mut(position) else { return };
        let group = self.groups.get(formed.group.0 as usize).and_then(Option::as_ref);
        if group.is_some_and(|group| group.exclusive) {
            formed.closed = Some(LeaveReason::Full);
        } else if formed.live_rows >= formed.rows_cap || formed.rows >= rows_max {
            formed.closed = Some(self.policy.cap_reason(formed.rows_cap, rows_max));
        }
    }

    fn joining(&self, waiting: &Waiting) -> Option<Joining> {
        let entry = self.entries.get(waiting.key)?;
        Some(Joining {
            key: waiting.key,
            rows: entry.rows,
            arrival_ns: entry.arrival_ns,
            deadline_ns: entry.deadline_ns,
        })
    }

    /// Whether one more batch may be formed: behind those that run at most one a lane, so that it is formed late and
    /// becomes large.
    pub(super) fn can_open(&self) -> bool {
        self.formed.len() < self.lanes_left
            && self.formed.len() + self.running < self.lanes_left * self.options.depth
            && self.places.any_free()
    }

    pub(super) fn back_is_open(&self) -> bool {
        self.formed.back().is_some_and(Formed::is_open)
    }
}

//! Who may join a batch that is being formed.

use super::{Placed, Scheduler};
use crate::formed::{Formed, Joining};
use crate::queue::Waiting;
use crate::{GroupId, LeaveReason, Nanos};

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
                let placed = self.join(now_ns, self.formed.len() - 1, joining);
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
        self.join(now_ns, self.formed.len() - 1, joining)
    }

    /// Moves waiting requests into an open batch, the first of them at `from` of the queue, as many as it takes.
    pub(super) fn top_up(&mut self, now_ns: Nanos, position: usize, from: usize) {
        while let Some(group) =
            self.formed.get(position).filter(|formed| formed.is_open()).map(|formed| formed.group)
        {
            let Some(next) = self.next_waiting(group, from) else { return };
            let Some(joining) = self.joining(&next) else { return };
            if self.join(now_ns, position, &joining).is_none() {
                return;
            }
            self.dequeue(group, from, next.rows);
        }
    }

    /// Puts a request into an open batch, unless that would be too many rows or make one of its members late: then
    /// the batch is closed.
    fn join(&mut self, now_ns: Nanos, position: usize, joining: &Joining) -> Option<Placed> {
        let closes = self.closes(now_ns, position, joining)?;
        let formed = self.formed.get_mut(position)?;
        if closes.is_some() {
            formed.closed = closes;
            return None;
        }
        let offset = formed.rows;
        let index = formed.join(joining);
        let batch = formed.batch;
        self.formed_rows += joining.rows;
        if let Some(entry) = self.entries.get_mut(joining.key) {
            entry.joined = Some((batch.place, index));
        }
        self.close_if_full(position);
        Some(Placed::Joined { batch, index, offset })
    }

    /// Why an open batch has to be closed rather than take this request. `None` where there is no open batch.
    fn closes(&self, now_ns: Nanos, position: usize, joining: &Joining) -> Option<Option<LeaveReason>> {
        let formed = self.formed.get(position).filter(|formed| formed.is_open())?;
        if formed.rows == 0 {
            return Some(None);
        }
        let rows = formed.live_rows + joining.rows;
        // Rows that left leave holes until the batch is taken, so both counts are held to a limit.
        if formed.rows + joining.rows > self.options.rows_max
            || (formed.live_rows > 0 && rows > formed.rows_cap)
        {
            return Some(Some(self.policy.cap_reason(formed.rows_cap, self.options.rows_max)));
        }
        let deadline_ns = formed.earliest_deadline_ns.min(joining.deadline_ns);
        if deadline_ns == Nanos::MAX || formed.live_rows == 0 || !self.policy.keeps_slo() {
            return Some(None);
        }
        let ends_ns = self.start_ns(now_ns, position).saturating_add(self.run_ns(formed.group, rows));
        Some((ends_ns > deadline_ns).then_some(LeaveReason::Window))
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
            rank: entry.rank,
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

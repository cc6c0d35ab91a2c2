//! Forming batches: who joins which.

use super::{Placed, Scheduler};
use crate::formed::{Formed, Joining};
use crate::policy::{View, window_start};
use crate::queue::Waiting;
use crate::{BatchRef, GroupId, Nanos, Refusal};

/// A request that was put into a batch formed ahead.
#[derive(Clone, Debug)]
pub struct Joined<T> {
    /// What came with the request.
    pub payload: T,
    /// Its position among the members.
    pub index: usize,
    /// Its first row.
    pub offset: usize,
}

impl<T: Clone> Scheduler<T> {
    /// Opens the next batch from the queue while earlier ones run, so that its rows can be copied meanwhile. Requests
    /// that are too late by now go to `refused`. `None` where nothing waits or no batch may be opened.
    pub fn form_ahead(
        &mut self,
        now_ns: Nanos,
        joined: &mut Vec<Joined<T>>,
        refused: &mut Vec<(T, Refusal)>,
    ) -> Option<BatchRef> {
        joined.clear();
        if self.formed.back().is_some_and(Formed::is_open) || !self.form(now_ns, refused) {
            return None;
        }
        let formed = self.formed.back()?;
        for (index, place) in formed.members.iter().enumerate() {
            if let Some(entry) = place.key.and_then(|key| self.entries.get(key)) {
                joined.push(Joined { payload: entry.payload.clone(), index, offset: place.offset });
            }
        }
        Some(formed.batch)
    }

    /// An arrival joins the open batch, or opens one, where nobody waits before it.
    pub(super) fn join_at_once(
        &mut self,
        now_ns: Nanos,
        group: GroupId,
        joining: Joining,
        none_waiting: bool,
    ) -> Option<(Placed, bool)> {
        if !none_waiting {
            return None;
        }
        let open_group = self.formed.back().filter(|formed| formed.is_open()).map(|formed| formed.group);
        if open_group == Some(group) {
            if let Some(placed) = self.join_open(now_ns, joining) {
                return Some((placed, false));
            }
        } else if open_group.is_some() {
            return None;
        }
        if self.waiting_rows > 0 || !self.can_open() {
            return None;
        }
        self.open(now_ns, group)?;
        let placed = self.join_back(joining)?;
        self.close_if_full();
        Some((placed, true))
    }

    /// Moves waiting requests into the open batch at the front, as many as it takes.
    pub(super) fn top_up(&mut self, now_ns: Nanos) {
        if self.formed.len() != 1 {
            return;
        }
        while let Some(group) = self.formed.back().filter(|formed| formed.is_open()).map(|formed| formed.group) {
            let Some(next) = self.next_waiting(group, 0) else { return };
            let Some(joining) = self.joining(&next) else { return };
            if self.join_open(now_ns, joining).is_none() {
                return;
            }
            self.dequeue(group, 0, next.rows);
        }
    }

    /// Opens a batch from the group whose first request is the most urgent.
    pub(super) fn form(&mut self, now_ns: Nanos, refused: &mut Vec<(T, Refusal)>) -> bool {
        while self.waiting_rows > 0 && self.can_open() {
            let Some(group) = self.most_urgent_group() else { return false };
            let start_ns = self.start_ns(now_ns, self.formed.len());
            self.refuse_late(group, start_ns, refused);
            if self.next_waiting(group, 0).is_none() {
                continue;
            }
            let Some(rows_cap) = self.open(now_ns, group) else { return false };
            let first = self.window(group, start_ns, rows_cap);
            while let Some(next) = self.next_waiting(group, first) {
                let Some(joining) = self.joining(&next) else { break };
                if self.join_open(now_ns, joining).is_none() {
                    break;
                }
                self.dequeue(group, first, next.rows);
            }
            return true;
        }
        false
    }

    pub(super) fn can_open(&self) -> bool {
        let running: usize = self.lanes.iter().map(|lane| lane.in_flight.len()).sum();
        let lanes = self.lanes.iter().filter(|lane| !lane.lost).count();
        self.formed.len() + running < lanes * self.options.depth && !self.free_places.is_empty()
    }

    /// Puts a request into the open batch, unless that would be too many rows or make one of its members late.
    fn join_open(&mut self, now_ns: Nanos, joining: Joining) -> Option<Placed> {
        let start_ns = self.start_ns(now_ns, self.formed.len().saturating_sub(1));
        let formed = self.formed.back_mut().filter(|formed| formed.is_open())?;
        if formed.rows > 0 {
            let rows = formed.live_rows + joining.rows;
            // Rows that left leave holes until the batch is taken, so both counts are held to the limit.
            if rows > formed.rows_cap || formed.rows + joining.rows > self.options.rows_max {
                formed.closed = Some(self.policy.cap_reason(formed.rows_cap, self.options.rows_max));
                return None;
            }
            let deadline_ns = formed.earliest_deadline_ns.min(joining.deadline_ns);
            if deadline_ns != Nanos::MAX && self.policy.keeps_slo() {
                let latency = &self.groups.get(formed.group.0 as usize)?.as_ref()?.latency;
                if formed.live_rows > 0 && start_ns.saturating_add(latency.estimate_ns(rows)) > deadline_ns {
                    formed.closed = Some(crate::LeaveReason::Window);
                    return None;
                }
            }
        }
        let placed = self.join_back(joining);
        self.close_if_full();
        placed
    }

    fn join_back(&mut self, joining: Joining) -> Option<Placed> {
        let formed = self.formed.back_mut()?;
        let offset = formed.rows;
        let index = formed.join(joining);
        let batch = formed.batch;
        self.formed_rows += joining.rows;
        if let Some(entry) = self.entries.get_mut(joining.key) {
            entry.joined = Some((batch.place, index));
        }
        Some(Placed::Joined { batch, index, offset })
    }

    fn close_if_full(&mut self) {
        let exclusive =
            self.formed.back().and_then(|formed| self.group(formed.group)).is_some_and(|group| group.exclusive);
        let Some(formed) = self.formed.back_mut() else { return };
        if exclusive || formed.live_rows >= formed.rows_cap {
            formed.closed = Some(self.policy.cap_reason(formed.rows_cap, self.options.rows_max));
        }
    }

    /// Opens an empty batch for `group`; the rows it may take come back.
    fn open(&mut self, now_ns: Nanos, group: GroupId) -> Option<usize> {
        let start_ns = self.start_ns(now_ns, self.formed.len());
        let ahead = self.formed.len() / self.lanes.len()
            + self.lanes.iter().map(|lane| lane.in_flight.len()).min().unwrap_or(0);
        let latency = &self.groups.get(group.0 as usize)?.as_ref()?.latency;
        let rows_cap = self.policy.rows_cap(&View {
            start_ns,
            ahead,
            waiting_rows: self.waiting_rows,
            rows_max: self.options.rows_max,
            slo_ns: self.options.slo_ns,
            latency,
        });
        let batch = BatchRef { id: self.next_batch, place: self.free_places.pop()? };
        self.next_batch += 1;
        let members = self.spare_members.pop().unwrap_or_default();
        self.formed.push_back(Formed::open(batch, group, rows_cap, members));
        Some(rows_cap)
    }

    /// Where in the group's queue the batch starts.
    fn window(&self, group: GroupId, start_ns: Nanos, rows_cap: usize) -> usize {
        let Some(group) = self.group(group).filter(|_| self.policy.keeps_slo()) else { return 0 };
        let Some(head) = group.queue.get(0).map(|head| head.urgency) else { return 0 };
        if head.deadline_ns == Nanos::MAX {
            return 0;
        }
        // Only among equals: nobody is passed over for a request of lower priority.
        let same_rank = (0..group.queue.len())
            .map_while(|position| group.queue.get(position))
            .take_while(|entry| entry.urgency.rank == head.rank)
            .map(|entry| (entry.urgency.deadline_ns, entry.rows));
        window_start(same_rank, start_ns, rows_cap, &group.latency)
    }

    /// Refuses the requests at the front that could not be answered in time even if they ran alone.
    fn refuse_late(&mut self, group: GroupId, start_ns: Nanos, refused: &mut Vec<(T, Refusal)>) {
        while let Some(next) = self.next_waiting(group, 0) {
            let latest_ns = next.urgency.deadline_ns;
            let run_ns = self.group(group).map_or(0, |group| group.latency.estimate_ns(next.rows));
            let ends_ns = start_ns.saturating_add(run_ns);
            if latest_ns == Nanos::MAX || ends_ns <= latest_ns {
                return;
            }
            self.dequeue(group, 0, next.rows);
            if let Some(entry) = self.entries.remove(next.key) {
                self.forget_request(group);
                let refusal = Refusal::DeadlineExceeded { retry_after_ns: ends_ns - latest_ns };
                refused.push((entry.payload, refusal));
            }
        }
    }

    fn most_urgent_group(&mut self) -> Option<GroupId> {
        let entries = &self.entries;
        let mut best = None;
        for (index, group) in self.groups.iter_mut().enumerate() {
            let Some(group) = group else { continue };
            group.queue.trim_front(|key| entries.contains_key(key));
            if let Some(head) = group.queue.get(0) {
                let urgency = head.urgency;
                if best.is_none_or(|(_, other)| urgency < other) {
                    best = Some((GroupId(index as u32), urgency));
                }
            }
        }
        best.map(|(group, _)| group)
    }

    /// The live request at `position` of the group's queue; entries of requests that left are swept on the way.
    fn next_waiting(&mut self, group: GroupId, position: usize) -> Option<Waiting> {
        let entries = &self.entries;
        let queue = &mut self.groups.get_mut(group.0 as usize)?.as_mut()?.queue;
        loop {
            let entry = *queue.get(position)?;
            if entries.contains_key(entry.key) {
                return Some(entry);
            }
            queue.remove(position);
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

    fn dequeue(&mut self, group: GroupId, position: usize, rows: usize) {
        if let Some(Some(group)) = self.groups.get_mut(group.0 as usize) {
            group.queue.remove(position);
        }
        self.waiting_rows -= rows;
    }
}

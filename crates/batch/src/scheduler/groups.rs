//! Groups: requests that may share a batch, and how long their batches take.

use super::{RequestKey, Scheduler};
use crate::queue::{Queue, Waiting};
use crate::{GroupId, LatencyModel, Nanos};

/// How long an estimate may refuse requests without a batch that confirms it.
const TRUSTED_NS: Nanos = 1_000_000_000;

pub(super) struct Group {
    pub(super) queue: Queue,
    pub(super) latency: LatencyModel,
    /// Its requests never share a batch.
    pub(super) exclusive: bool,
    /// Rows that its batches may have, as its latest may.
    pub(super) rows_cap: usize,
    /// Requests waiting or formed.
    pub(super) requests: usize,
    /// When a batch of it left or ended last.
    pub(super) ran_ns: Nanos,
}

impl Group {
    /// Whether the batch times are to be doubted: a request is let through although they say that it will be late,
    /// for otherwise an estimate that is too high would refuse everything and never be corrected.
    pub(super) fn is_doubtful(&self, now_ns: Nanos) -> bool {
        now_ns.saturating_sub(self.ran_ns) > TRUSTED_NS
    }
}

impl<T: Clone> Scheduler<T> {
    /// Adds a group whose batches take as long as `latency` says until observed otherwise. An `exclusive` group's
    /// requests run alone, whatever their rows.
    pub fn add_group(&mut self, latency: LatencyModel, exclusive: bool) -> GroupId {
        let rows_cap = self.options.rows_max;
        let group = Group { queue: Queue::default(), latency, exclusive, rows_cap, requests: 0, ran_ns: 0 };
        let position = self.groups.iter().position(Option::is_none).unwrap_or(self.groups.len());
        if position == self.groups.len() {
            self.groups.push(Some(group));
        } else {
            self.groups[position] = Some(group);
        }
        GroupId(position as u32)
    }

    /// Removes a group, unless it has requests or batches: then nothing happens and `false` comes back.
    pub fn remove_group(&mut self, group: GroupId) -> bool {
        let busy = self.lanes.iter().flat_map(|lane| &lane.in_flight).any(|flight| flight.group == group)
            || self.formed.iter().any(|formed| formed.group == group);
        match self.groups.get_mut(group.0 as usize) {
            Some(place @ Some(_)) if !busy && place.as_ref().is_some_and(|group| group.requests == 0) => {
                *place = None;
                true
            }
            _ => false,
        }
    }

    /// The group's batch times.
    #[must_use]
    pub fn latency(&self, group: GroupId) -> Option<&LatencyModel> {
        self.group(group).map(|group| &group.latency)
    }

    pub(super) fn group(&self, group: GroupId) -> Option<&Group> {
        self.groups.get(group.0 as usize)?.as_ref()
    }

    pub(super) fn group_mut(&mut self, group: GroupId) -> Option<&mut Group> {
        self.groups.get_mut(group.0 as usize)?.as_mut()
    }

    /// How long a batch of `rows` rows of this group takes.
    pub(super) fn run_ns(&self, group: GroupId, rows: usize) -> Nanos {
        self.group(group).map_or(0, |group| group.latency.estimate_ns(rows))
    }

    /// The request at `position` of the group's queue.
    pub(super) fn next_waiting(&mut self, group: GroupId, position: usize) -> Option<Waiting> {
        let entries = &self.entries;
        let queue = &mut self.groups.get_mut(group.0 as usize)?.as_mut()?.queue;
        queue.get(position, |key| entries.contains_key(key))
    }

    /// Takes the request that [`Scheduler::next_waiting`] gave out of the queue.
    pub(super) fn dequeue(&mut self, group: GroupId, position: usize) {
        if let Some(group) = self.group_mut(group) {
            let rows = group.queue.remove(position);
            self.waiting_rows -= rows;
        }
    }

    /// The group whose first request is the most urgent.
    pub(super) fn most_urgent_group(&mut self) -> Option<GroupId> {
        let entries = &self.entries;
        let is_live = |key: RequestKey| entries.contains_key(key);
        let waiting = self.groups.iter_mut().enumerate().filter_map(|(index, group)| {
            let queue = &mut group.as_mut()?.queue;
            if queue.is_empty() {
                return None;
            }
            Some((queue.get(0, is_live)?.urgency, GroupId(index as u32)))
        });
        waiting.min_by_key(|&(urgency, _)| urgency).map(|(_, group)| group)
    }

    /// A request of the group is neither waiting nor formed any more.
    pub(super) fn forget_request(&mut self, group: GroupId) {
        if let Some(group) = self.group_mut(group) {
            group.requests -= 1;
        }
    }
}

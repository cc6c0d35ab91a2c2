//! Forming batches from the queue.

use super::Scheduler;
use super::window::PassedOver;
use crate::formed::Formed;
use crate::policy::View;
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
        if self.back_is_open() || !self.form(now_ns, refused) {
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

    /// Whether requests wait from which [`Scheduler::form_ahead`] could form a batch now.
    #[must_use]
    pub fn wants_forming(&self) -> bool {
        self.waiting_rows > 0 && self.can_open() && !self.back_is_open()
    }

    /// Opens a batch from the group whose first request is the most urgent.
    pub(super) fn form(&mut self, now_ns: Nanos, refused: &mut Vec<(T, Refusal)>) -> bool {
        while self.waiting_rows > 0 && self.can_open() {
            let Some(group) = self.most_urgent_group() else { return false };
            let position = self.formed.len();
            let start_ns = self.start_ns(now_ns, position);
            if self.refuse_late(group, start_ns, refused) {
                // Whoever is next in this group may be less urgent than the first of another.
                continue;
            }
            if self.open(now_ns, group).is_none() {
                return false;
            }
            let slipped_ns = self.slipped_ns(start_ns);
            let passed_over =
                if self.keeps_slo { self.pass_over(position, slipped_ns) } else { PassedOver::default() };
            self.top_up(slipped_ns, position, passed_over);
            if !passed_over.is_nobody() {
                self.refuse_late(group, self.start_ns(now_ns, position + 1), refused);
            }
            return true;
        }
        false
    }

    /// Opens an empty batch behind those that are formed.
    pub(super) fn open(&mut self, now_ns: Nanos, group: GroupId) -> Option<()> {
        let rows_cap = self.rows_cap(now_ns, group, self.formed.len())?;
        let batch = self.places.open()?;
        let members = self.spare_members.pop().unwrap_or_default();
        self.formed.push_back(Formed::open(batch, group, rows_cap, members));
        Some(())
    }

    /// Rows that a batch of this group may have, with `before` formed before it. Kept for those who ask whether they would
    /// be in time before there is such a batch.
    pub(super) fn rows_cap(&mut self, now_ns: Nanos, group: GroupId, before: usize) -> Option<usize> {
        let view = View {
            start_ns: self.start_ns(now_ns, before),
            ahead: self.ahead(before),
            waiting_rows: self.waiting_rows,
            population_rows: self.callers.population_rows(),
            turnaround_ns: self.callers.turnaround_ns(),
            lanes: self.lanes.len(),
            rows_max: self.options.rows_max,
            slo_ns: self.options.slo_ns,
            latency: &self.groups.get(group.0 as usize)?.as_ref()?.latency,
        };
        let rows_cap = self.policy.rows_cap(&view);
        self.group_mut(group)?.rows_cap = rows_cap;
        Some(rows_cap)
    }
}

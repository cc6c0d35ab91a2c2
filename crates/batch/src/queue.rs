use std::collections::VecDeque;

use crate::Nanos;
use crate::scheduler::RequestKey;

/// The waiting requests of one group, the most urgent first: by priority, then deadline, then arrival.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Waiting>,
    /// Entries whose request has left.
    stale: usize,
}

/// A request's place in the queue.
#[derive(Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) key: RequestKey,
    pub(crate) rows: usize,
    pub(crate) urgency: Urgency,
}

/// What the queue is ordered by; the smaller goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Urgency {
    /// The negated priority.
    pub(crate) rank: i64,
    pub(crate) deadline_ns: Nanos,
    pub(crate) sequence: u64,
}

impl Queue {
    pub(crate) fn push(&mut self, entry: Waiting) {
        // Almost always last: equal priorities and deadlines that grow with the arrivals.
        let position = match self.waiting.back() {
            Some(last) if last.urgency > entry.urgency => {
                self.waiting.partition_point(|other| other.urgency < entry.urgency)
            }
            _ => self.waiting.len(),
        };
        self.waiting.insert(position, entry);
    }

    pub(crate) fn get(&self, position: usize) -> Option<&Waiting> {
        self.waiting.get(position)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn remove(&mut self, position: usize) {
        self.waiting.remove(position);
    }

    /// A waiting request left: its entry is swept away later, and soon enough that such entries stay the minority.
    pub(crate) fn left(&mut self, is_live: impl Fn(RequestKey) -> bool) {
        self.stale += 1;
        if self.stale > 32 && self.stale * 2 > self.waiting.len() {
            self.waiting.retain(|entry| is_live(entry.key));
            self.stale = 0;
        }
    }

    /// Removes entries at the front whose request has left.
    pub(crate) fn trim_front(&mut self, is_live: impl Fn(RequestKey) -> bool) {
        while let Some(entry) = self.waiting.front() {
            if is_live(entry.key) {
                return;
            }
            self.waiting.pop_front();
            self.stale = self.stale.saturating_sub(1);
        }
    }
}

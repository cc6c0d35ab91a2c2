use std::collections::VecDeque;

use crate::Nanos;
use crate::scheduler::RequestKey;

/// Entries of requests that left are swept once there are more of them than this, and than live ones.
const STALE_MAX: usize = 32;

/// The waiting requests of one group, the most urgent first: by priority, then deadline, then arrival.
///
/// A request that leaves stays as a stale entry until it is swept or comes to the front; whoever looks at an entry
/// says which keys are live.
#[derive(Default)]
pub(crate) struct Queue {
    entries: VecDeque<Waiting>,
    /// Requests that wait.
    live: usize,
    /// Their rows.
    rows: usize,
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
        let position = match self.entries.back() {
            Some(last) if last.urgency > entry.urgency => self.position_of(entry.urgency),
            _ => self.entries.len(),
        };
        self.live += 1;
        self.rows += entry.rows;
        self.entries.insert(position, entry);
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Rows that wait before a request of this urgency, about: as many as its position says, of equal requests.
    pub(crate) fn rows_before(&self, urgency: Urgency) -> usize {
        match self.entries.back() {
            Some(last) if last.urgency > urgency => {
                self.rows * self.position_of(urgency) / self.entries.len()
            }
            _ => self.rows,
        }
    }

    /// The live request at `position`, counted without the stale ones before it, which are swept on the way.
    pub(crate) fn get(&mut self, position: usize, is_live: impl Fn(RequestKey) -> bool) -> Option<Waiting> {
        loop {
            let entry = *self.entries.get(position)?;
            if is_live(entry.key) {
                return Some(entry);
            }
            self.entries.remove(position);
        }
    }

    /// All entries, stale ones too, the most urgent first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Waiting> + Clone {
        self.entries.iter()
    }

    /// Takes out the live request that [`Queue::get`] gave for this position.
    pub(crate) fn remove(&mut self, position: usize) {
        if let Some(entry) = self.entries.remove(position) {
            self.live -= 1;
            self.rows -= entry.rows;
        }
    }

    /// A waiting request of `rows` rows left.
    pub(crate) fn left(&mut self, rows: usize, is_live: impl Fn(RequestKey) -> bool) {
        self.live -= 1;
        self.rows -= rows;
        let stale = self.entries.len() - self.live;
        if stale > STALE_MAX && stale > self.live {
            self.entries.retain(|entry| is_live(entry.key));
        }
    }

    fn position_of(&self, urgency: Urgency) -> usize {
        self.entries.partition_point(|other| other.urgency < urgency)
    }
}

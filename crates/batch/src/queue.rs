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

    /// Takes out the live request that [`Queue::get`] gave for this position; its rows come back.
    pub(crate) fn remove(&mut self, position: usize) -> usize {
        let Some(entry) = self.entries.remove(position) else { return 0 };
        self.live -= 1;
        self.rows -= entry.rows;
        entry.rows
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slotmap::SlotMap;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Push { rank: i64, deadline_ns: Nanos, rows: usize },
        Leave { pick: usize },
        Take { position: usize },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..2_i64, 0..5_u64, 1..4_usize)
                .prop_map(|(rank, deadline_ns, rows)| Step::Push { rank, deadline_ns, rows }),
            3 => any::<usize>().prop_map(|pick| Step::Leave { pick }),
            1 => (0..3_usize).prop_map(|position| Step::Take { position }),
        ]
    }

    proptest! {
        /// Against a sorted list.
        #[test]
        fn keeps_the_order_and_forgets_those_who_left(steps in prop::collection::vec(step(), 0..400)) {
            let mut queue = Queue::default();
            let mut inside: SlotMap<RequestKey, usize> = SlotMap::with_key();
            let mut sorted: Vec<(Urgency, RequestKey)> = Vec::new();
            for (sequence, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push { rank, deadline_ns, rows } => {
                        let key = inside.insert(rows);
                        let urgency = Urgency { rank, deadline_ns, sequence: sequence as u64 };
                        queue.push(Waiting { key, rows, urgency });
                        sorted.push((urgency, key));
                        sorted.sort_unstable();
                    }
                    Step::Leave { pick } => {
                        let Some(position) = pick.checked_rem(sorted.len()) else { continue };
                        let (_, key) = sorted.remove(position);
                        let rows = inside.remove(key).unwrap();
                        queue.left(rows, |key| inside.contains_key(key));
                    }
                    Step::Take { position } => {
                        // Only after all before it were looked at, as its position does not count stale entries.
                        let keys: Vec<_> = (0..=position)
                            .map(|position| queue.get(position, |key| inside.contains_key(key)).map(|entry| entry.key))
                            .collect();
                        let expected: Vec<_> =
                            (0..=position).map(|position| sorted.get(position).map(|&(_, key)| key)).collect();
                        prop_assert_eq!(&keys, &expected);
                        if let Some(key) = keys[position] {
                            prop_assert_eq!(queue.remove(position), inside.remove(key).unwrap());
                            sorted.remove(position);
                        }
                    }
                }
                prop_assert_eq!(queue.is_empty(), sorted.is_empty());
                prop_assert_eq!(queue.rows, inside.values().sum::<usize>());
                prop_assert!(queue.entries.len() <= 2 * sorted.len() + STALE_MAX + 1, "stale entries pile up");
                let last = Urgency { rank: 9, deadline_ns: 0, sequence: 0 };
                prop_assert_eq!(queue.rows_before(last), queue.rows);
                let first = Urgency { rank: -1, deadline_ns: 0, sequence: 0 };
                prop_assert_eq!(queue.rows_before(first), if queue.entries.is_empty() { queue.rows } else { 0 });
            }
        }
    }
}

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use phalanx_backend::{BackendError, BatchId, Completion, Completions, Loss, Slot};

use crate::lock;

/// What a worker has been given and not yet answered.
///
/// A submission is in here from before the worker hears of it until exactly one of these has taken it out: the answer, or
/// the worker's end. After the end nothing gets in.
#[derive(Default)]
pub(crate) struct Flight(Mutex<State>);

#[derive(Default)]
struct State {
    queue: VecDeque<Entry>,
    last_seq: u64,
    /// Counts the lanes that the worker has served, so that what belonged to one does not stop another's batches.
    lease: u64,
    /// How the worker ended.
    ended: Option<BackendError>,
}

/// One submission.
pub(super) struct Entry {
    pub(super) seq: u64,
    batch: BatchId,
    completions: Arc<dyn Completions>,
    pub(super) work: Work,
}

/// What was submitted.
pub(crate) enum Work {
    /// A batch in this slot; where the caller's is not of shared memory, `original` is the caller's.
    Batch { slot: Slot, rows: usize, original: Option<Slot> },
    /// Tensors, which were sent.
    Single,
}

impl Flight {
    /// Notes a submission and gives its number; completes it as lost where the worker has ended.
    pub(crate) fn enter(
        &self,
        batch: BatchId,
        completions: &Arc<dyn Completions>,
        work: Work,
    ) -> Option<u64> {
        let mut state = lock(&self.0);
        let seq = state.last_seq + 1;
        let entry = Entry { seq, batch, completions: Arc::clone(completions), work };
        if let Some(error) = state.ended.clone() {
            drop(state);
            entry.lose(error, false);
            return None;
        }
        state.last_seq = seq;
        state.queue.push_back(entry);
        Some(seq)
    }

    /// Takes a submission out that is answered now, where `fits` says that this can be its answer.
    pub(super) fn leave(&self, seq: u64, fits: impl FnOnce(&Work) -> bool) -> Option<Entry> {
        let mut state = lock(&self.0);
        let position = state.queue.iter().position(|entry| entry.seq == seq)?;
        if fits(&state.queue[position].work) { state.queue.remove(position) } else { None }
    }

    /// The worker has ended: everything left is lost, in the order of submission, and what comes is lost as well.
    pub(super) fn end(&self, error: &BackendError, suspect: Option<u64>) {
        let mut state = lock(&self.0);
        state.ended = Some(error.clone());
        let left = std::mem::take(&mut state.queue);
        drop(state);
        for entry in left {
            let is_suspect = suspect == Some(entry.seq);
            entry.lose(error.clone(), is_suspect);
        }
    }

    /// Whether everything was answered.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).queue.is_empty()
    }

    /// A lane begins to use the worker.
    pub(crate) fn begin_lease(&self) -> u64 {
        let mut state = lock(&self.0);
        state.lease += 1;
        state.lease
    }

    /// Runs `stop` where that lane still uses the worker and has given it something; it keeps both from changing
    /// meanwhile, so it must be short.
    pub(super) fn if_busy(&self, lease: u64, stop: impl FnOnce()) {
        let state = lock(&self.0);
        if state.lease == lease && !state.queue.is_empty() {
            stop();
        }
    }
}

impl Entry {
    pub(super) fn complete(self, completion: impl FnOnce(Work) -> Completion) {
        self.completions.complete(self.batch, completion(self.work));
    }

    /// The same of what was executed for so long.
    pub(super) fn complete_after(self, busy: Duration, completion: impl FnOnce(Work) -> Completion) {
        self.completions.complete_after(self.batch, completion(self.work), busy);
    }

    fn lose(self, error: BackendError, suspect: bool) {
        self.complete(|work| Completion::Lost(Loss { error, slot: work.into_slot(), suspect }));
    }
}

impl Work {
    /// The caller's slot.
    pub(super) fn into_slot(self) -> Option<Slot> {
        match self {
            Self::Batch { slot, original, .. } => Some(original.unwrap_or(slot)),
            Self::Single => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::thread;

    #[derive(Default)]
    struct Log(Mutex<Vec<(u64, &'static str)>>);

    impl Completions for Log {
        fn complete(&self, batch: BatchId, completion: Completion) {
            let how = match completion {
                Completion::Lost(loss) if loss.suspect => "suspect",
                Completion::Lost(_) => "lost",
                Completion::Single(_) => "done",
                other => panic!("{other:?}"),
            };
            lock(&self.0).push((batch.0, how));
        }
    }

    fn died() -> BackendError {
        BackendError::Run { backend: "worker", message: "died".to_owned() }
    }

    #[test]
    fn only_what_was_executed_is_suspect_and_what_comes_later_is_lost() {
        let (log, flight) = (Arc::new(Log::default()), Flight::default());
        let completions: Arc<dyn Completions> = Arc::clone(&log) as _;
        for batch in 11..=13 {
            assert_eq!(flight.enter(BatchId(batch), &completions, Work::Single), Some(batch - 10));
        }
        flight.leave(1, |_| true).unwrap().complete(|_| Completion::Single(Vec::new()));
        assert!(flight.leave(1, |_| true).is_none(), "answered twice");
        assert!(flight.leave(2, |_| false).is_none(), "answered with something else");
        flight.end(&died(), Some(2));
        assert_eq!(flight.enter(BatchId(14), &completions, Work::Single), None);
        assert_eq!(*lock(&log.0), [(11, "done"), (12, "suspect"), (13, "lost"), (14, "lost")]);
    }

    #[test]
    fn whoever_comes_first_ends_a_submission_and_nobody_else() {
        const ROUNDS: u64 = 500;
        for round in 0..ROUNDS {
            let (log, flight, start) = (Arc::new(Log::default()), Flight::default(), Barrier::new(3));
            let completions: Arc<dyn Completions> = Arc::clone(&log) as _;
            thread::scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    for batch in 1..=20 {
                        flight.enter(BatchId(batch), &completions, Work::Single);
                    }
                });
                scope.spawn(|| {
                    start.wait();
                    for seq in (1..=20).chain(1..=20) {
                        if let Some(entry) = flight.leave(seq, |_| true) {
                            entry.complete(|_| Completion::Single(Vec::new()));
                        }
                    }
                });
                scope.spawn(|| {
                    start.wait();
                    for _ in 0..round % 50 {
                        thread::yield_now();
                    }
                    flight.end(&died(), None);
                });
            });
            let mut batches: Vec<u64> = lock(&log.0).iter().map(|(batch, _)| *batch).collect();
            batches.sort_unstable();
            assert_eq!(batches, (1..=20).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_interrupt_of_a_former_lane_stops_nothing() {
        let (log, flight) = (Arc::new(Log::default()), Flight::default());
        let completions: Arc<dyn Completions> = Arc::clone(&log) as _;
        let stopped = |lease| {
            let mut stopped = false;
            flight.if_busy(lease, || stopped = true);
            stopped
        };
        let first = flight.begin_lease();
        assert!(!stopped(first), "nothing runs");
        let second = flight.begin_lease();
        flight.enter(BatchId(1), &completions, Work::Single);
        assert!(!stopped(first), "it is another lane's");
        assert!(stopped(second));
    }
}

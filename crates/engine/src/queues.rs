//! The queues of an engine, and which of them a request joins.
//!
//! A queue is a scheduler with lanes, slots and a mover of its own. On processors one is enough. A GPU is fed by many
//! cores: with one queue they would spend their time waiting for its locks. A slot belongs to a device, so each device
//! has queues of its own.
//!
//! Few callers share one queue, so that their rows share batches; another is opened once those that are open have all
//! that they can use. A thread keeps to its queue, unless another one, drawn anew for each request, holds clearly less:
//! the power of two choices (Mitzenmacher, IEEE TPDS 12(10), 2001).

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use phalanx_batch::LaneId;

use crate::EngineError;
use crate::hub::{Hub, lock};
use crate::submitters::Submitter;
use crate::threads::{Mover, Roster};

/// How long a stopping engine waits for a lane that is busy, once nobody waits for an answer any more.
const JOIN_PATIENCE: Duration = Duration::from_secs(5);

/// Rows of unanswered requests at which a queue is busy enough to open another, also where its lanes could use more.
const OPEN_ROWS_MAX: usize = 256;

/// All queues of an engine; dropping them stops it.
pub(crate) struct Queues {
    queues: Vec<Queue>,
    choice: Choice,
}

/// A hub and the threads that drive it.
struct Queue {
    hub: Arc<Hub>,
    roster: Arc<Roster>,
    mover: Mutex<Option<JoinHandle<()>>>,
}

/// Which queue a request joins.
struct Choice {
    /// How many of the queues, from the first on, are used.
    open: AtomicUsize,
    /// The first queue of each device stays open.
    open_min: usize,
    /// Rows in a queue from which another one helps.
    open_rows: usize,
}

thread_local! {
    /// The number of this thread among those that have handed in requests, and how many it has handed in.
    static THREAD: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// The number of this thread, and of its request.
fn turn_of_thread() -> (usize, usize) {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    let (thread, turn) = THREAD.get().unwrap_or_else(|| (THREADS.fetch_add(1, Ordering::Relaxed), 0));
    THREAD.set(Some((thread, turn.wrapping_add(1))));
    (thread, turn)
}

impl Queues {
    /// Starts the threads of each hub. The first `open_min` of them are always used.
    ///
    /// # Errors
    /// [`EngineError::Thread`]; what was started has then been stopped.
    pub(crate) fn start(
        hubs: Vec<(Arc<Hub>, Option<Arc<Submitter>>)>,
        open_min: usize,
    ) -> Result<Self, EngineError> {
        let lanes_rows = hubs.iter().map(|(hub, _)| hub.rows_in_lanes_max()).min().unwrap_or(1);
        let mut queues = Self {
            queues: Vec::with_capacity(hubs.len()),
            choice: Choice {
                open: AtomicUsize::new(open_min),
                open_min,
                open_rows: lanes_rows.min(OPEN_ROWS_MAX),
            },
        };
        for (hub, submitter) in hubs {
            queues.add(&hub, submitter)?;
        }
        Ok(queues)
    }

    fn add(&mut self, hub: &Arc<Hub>, submitter: Option<Arc<Submitter>>) -> Result<(), EngineError> {
        let roster = Arc::new(Roster::new(submitter));
        let mover = Mover { hub: Arc::clone(hub), roster: Arc::clone(&roster) };
        let mover = std::thread::Builder::new()
            .name("phalanx-mover".to_owned())
            .spawn(move || mover.run())
            .map_err(|error| EngineError::Thread { message: error.to_string() })?;
        let lanes = hub.lanes.len();
        self.queues.push(Queue {
            hub: Arc::clone(hub),
            roster: Arc::clone(&roster),
            mover: Mutex::new(Some(mover)),
        });
        (0..lanes).try_for_each(|lane| roster.start(hub, LaneId(lane)))
    }

    /// The queue for a request of this thread.
    pub(crate) fn choose(&self) -> &Arc<Hub> {
        if let [only] = &self.queues[..] {
            return &only.hub;
        }
        let chosen = self
            .choice
            .among(turn_of_thread(), self.queues.len(), |queue| self.queues[queue].hub.rows_inside());
        let chosen = &self.queues[chosen].hub;
        if chosen.is_broken() {
            let working = self.hubs().find(|hub| !hub.is_broken());
            return working.unwrap_or(chosen);
        }
        chosen
    }

    /// The first one, whose settings are those of all.
    pub(crate) fn first(&self) -> &Arc<Hub> {
        &self.queues[0].hub
    }

    pub(crate) fn hubs(&self) -> impl Iterator<Item = &Arc<Hub>> {
        self.queues.iter().map(|queue| &queue.hub)
    }

    /// Stops: nothing more is admitted, and what was admitted is answered within `grace`, else with an error. Whether
    /// everything was answered in time.
    pub(crate) fn stop(&self, grace: Duration) -> bool {
        self.hubs().for_each(|hub| hub.begin_stop());
        let deadline = Instant::now().checked_add(grace);
        let left = || deadline.map_or(grace, |deadline| deadline.saturating_duration_since(Instant::now()));
        // Once one is late, there is no time left for the others.
        let in_time = self.hubs().all(|hub| hub.wait_answered(left()));
        self.hubs().for_each(|hub| hub.refuse_rest());
        self.hubs().for_each(|hub| hub.exit());
        let deadline = Instant::now() + JOIN_PATIENCE;
        for queue in &self.queues {
            queue.join(deadline);
        }
        in_time
    }
}

impl Drop for Queues {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

impl Queue {
    fn join(&self, deadline: Instant) {
        self.roster.join(deadline);
        self.hub.inbox.close();
        if let Some(mover) = lock(&self.mover).take() {
            // The last engine may go inside a caller's waker, that is on the mover's own thread.
            if mover.thread().id() != std::thread::current().id() {
                // It ends with its inbox; panics of wakers are caught where they happen.
                let _ = mover.join();
            }
        }
    }
}

impl Choice {
    /// One of so many queues, whose rows `rows_inside` gives, for a request of this number of a thread of this number.
    fn among(
        &self,
        (thread, turn): (usize, usize),
        queues: usize,
        rows_inside: impl Fn(usize) -> usize,
    ) -> usize {
        let open = self.open.load(Ordering::Relaxed);
        let own = thread % open;
        let other = if open == 1 { own } else { (own + 1 + turn % (open - 1)) % open };
        let (own_rows, other_rows) = (rows_inside(own), rows_inside(other));
        if own_rows.min(other_rows) >= self.open_rows && open < queues {
            self.change(open, open + 1);
        } else if own_rows == 0 && open > self.open_min {
            self.change(open, open - 1);
        }
        if own_rows > other_rows.saturating_add(self.open_rows) { other } else { own }
    }

    /// Unless another thread has just changed it.
    fn change(&self, open: usize, wanted: usize) {
        let _ = self.open.compare_exchange(open, wanted, Ordering::Relaxed, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(open_min: usize) -> Choice {
        Choice { open: AtomicUsize::new(open_min), open_min, open_rows: 100 }
    }

    /// Threads with closed-loop callers of one row each, and queues that answer in turn: the rows in each queue.
    fn settle(choice: &Choice, threads: usize, callers: usize, queues: usize, rounds: usize) -> Vec<usize> {
        let mut inside = vec![0_usize; queues];
        let mut waiting: Vec<usize> = (0..callers).map(|caller| caller % threads).collect();
        let mut turns = vec![0; threads];
        let mut homes: Vec<Vec<usize>> = vec![Vec::new(); queues];
        for round in 0..rounds {
            for thread in waiting.drain(..) {
                let queue = choice.among((thread, turns[thread]), queues, |queue| inside[queue]);
                turns[thread] += 1;
                inside[queue] += 1;
                homes[queue].push(thread);
            }
            // A batch of up to 64 rows of one queue is answered.
            let answered = homes[round % queues].len().min(64);
            waiting.extend(homes[round % queues].drain(..answered));
            inside[round % queues] -= answered;
        }
        inside
    }

    #[test]
    fn few_callers_share_one_queue() {
        let choice = choice(1);
        let inside = settle(&choice, 8, 64, 4, 1000);
        assert!(inside[1..].iter().all(|&rows| rows == 0), "{inside:?}");
        assert_eq!(choice.open.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn many_callers_fill_all_queues_alike() {
        for threads in [1, 3, 16] {
            let choice = choice(1);
            let inside = settle(&choice, threads, 4096, 4, 4000);
            assert_eq!(choice.open.load(Ordering::Relaxed), 4);
            let (least, most) = (*inside.iter().min().unwrap(), *inside.iter().max().unwrap());
            assert!(most - least <= 400, "{threads} threads: {inside:?}");
        }
    }

    #[test]
    fn queues_are_closed_again_but_one_for_each_device() {
        let choice = choice(2);
        settle(&choice, 8, 4096, 8, 4000);
        assert_eq!(choice.open.load(Ordering::Relaxed), 8);
        for turn in 0..100 {
            choice.among((turn % 8, turn), 8, |_| 0);
        }
        assert_eq!(choice.open.load(Ordering::Relaxed), 2);
    }
}

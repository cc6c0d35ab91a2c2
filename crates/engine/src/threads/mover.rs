use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use phalanx_batch::LaneId;
use phalanx_handoff::Popped;

use super::LaneThread;
use crate::EngineError;
use crate::hub::{Hub, Scratch, Work, lock};
use crate::submitters::Submitter;

/// Threads that were started in place of lost ones, over an engine's life.
const REPLACEMENTS_MAX: usize = 16;

/// The thread that hands out finished batches and forms the next ones ahead.
pub(crate) struct Mover {
    pub(crate) hub: Arc<Hub>,
    pub(crate) roster: Arc<Roster>,
}

/// The lanes' threads.
pub(crate) struct Roster {
    submitter: Option<Arc<Submitter>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    replaced: Mutex<usize>,
    running: (Mutex<usize>, Condvar),
}

/// Counts a lane's thread out when it ends, however it ends.
struct CountOut(Arc<Roster>);

impl Drop for CountOut {
    fn drop(&mut self) {
        *lock(&self.0.running.0) -= 1;
        self.0.running.1.notify_all();
    }
}

impl Roster {
    pub(crate) fn new(submitter: Option<Arc<Submitter>>) -> Self {
        Self {
            submitter,
            threads: Mutex::default(),
            replaced: Mutex::new(0),
            running: (Mutex::new(0), Condvar::new()),
        }
    }

    /// Starts a lane's thread.
    pub(crate) fn start(self: &Arc<Self>, hub: &Arc<Hub>, lane: LaneId) -> Result<(), EngineError> {
        let shared = &hub.lanes[lane.0];
        let epoch = shared.epoch.load(Ordering::Acquire);
        let thread = LaneThread { hub: Arc::clone(hub), lane, epoch, submitter: self.submitter.clone() };
        // The thread's handle has to be known before anybody wakes it, so it waits for the lock around the start.
        let mut handle = lock(&shared.thread);
        let gate = Arc::clone(hub);
        *lock(&self.running.0) += 1;
        let count_out = CountOut(Arc::clone(self));
        let started =
            std::thread::Builder::new().name(hub.settings.number.lane_name(lane)).spawn(move || {
                drop(lock(&gate.lanes[lane.0].thread));
                drop(gate);
                thread.run();
                drop(count_out);
            });
        let started = started.map_err(|error| EngineError::Thread { message: error.to_string() })?;
        *handle = Some(started.thread().clone());
        lock(&self.threads).push(started);
        Ok(())
    }

    /// Waits for the lanes' threads, except those that do not come back from their device.
    pub(crate) fn join(&self, deadline: Instant) {
        let mut running = lock(&self.running.0);
        while *running > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            running = self.running.1.wait_timeout(running, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let all_ended = *running == 0;
        drop(running);
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            if all_ended || thread.is_finished() {
                // A lane's panics are caught where they happen; there is nobody to tell of another.
                let _ = thread.join();
            }
        }
    }

    fn replace(self: &Arc<Self>, hub: &Arc<Hub>, lane: LaneId) {
        let mut replaced = lock(&self.replaced);
        if *replaced < REPLACEMENTS_MAX && self.start(hub, lane).is_ok() {
            *replaced += 1;
            hub.lane_restored(lane);
        } else {
            let message = "a lane did not come back too often".to_owned();
            hub.lane_failed(
                lane,
                &phalanx_backend::BackendError::DeviceLost { backend: hub.backend_name(), message },
            );
        }
    }
}

impl Mover {
    /// Runs until the inbox is closed and empty.
    pub(crate) fn run(self) {
        let mut scratch = Scratch::default();
        let mut joined = Vec::new();
        let mut timeout = self.watch();
        loop {
            let popped = self.hub.inbox.pop(Some(timeout));
            self.hub.placing.keep_off();
            match popped {
                Popped::Item(Work::Deliver(finished)) => {
                    self.hub.deliver(finished, || self.hub.now_ns(), &mut scratch);
                }
                Popped::Item(Work::Form) | Popped::TimedOut => {}
                Popped::Closed => return,
            }
            self.hub.form_ahead(self.hub.now_ns(), &mut joined);
            timeout = self.watch();
        }
    }

    /// Looks for batches that do not come back; when to look again.
    fn watch(&self) -> Duration {
        let now_ns = self.hub.now_ns();
        let watched = self.hub.watch(now_ns);
        watched.given_up.into_iter().for_each(|lane| self.roster.replace(&self.hub, lane));
        Duration::from_nanos(watched.due_ns.saturating_sub(now_ns))
    }
}

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Hub, lock};
use crate::EngineError;

impl Hub {
    /// Admits nothing more, and lets what was admitted run without waiting for a timer.
    pub(crate) fn begin_stop(&self) {
        self.scheduler().stop();
        self.wake_all();
    }

    /// Waits until everything admitted has been answered, at most for `grace`. Whether it has.
    pub(crate) fn wait_answered(&self, grace: Duration) -> bool {
        let deadline = Instant::now().checked_add(grace);
        let mut guard = lock(&self.settled.0);
        while self.unanswered.load(Ordering::Acquire) > 0 {
            let left =
                deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            let waited = self.settled.1.wait_timeout(guard, left.min(Duration::from_secs(3600)));
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Answers with an error whatever has not been answered: what waits, and what still runs.
    pub(crate) fn refuse_rest(&self) {
        let waiting = {
            let mut scheduler = self.scheduler();
            self.refusing.store(true, Ordering::Relaxed);
            scheduler.drain_all()
        };
        for part in waiting {
            self.fail_part(part, EngineError::ShuttingDown);
        }
        for cell in &self.cells {
            // The members stay where they are, for the lane may still come back with their batch.
            let running: Vec<_> =
                lock(&cell.running).members.iter().map(|member| member.payload.clone()).collect();
            for part in running {
                part.call.hold();
                self.fail_part(part, EngineError::ShuttingDown);
            }
        }
    }

    /// Lets lanes and mover go.
    pub(crate) fn exit(&self) {
        self.exiting.store(true, Ordering::Release);
        self.stack.programs().for_each(|program| program.retire());
        self.wake_all();
    }

    pub(crate) fn is_exiting(&self) -> bool {
        self.exiting.load(Ordering::Acquire)
    }

    pub(super) fn wake_all(&self) {
        for lane in &self.lanes {
            if let Some(thread) = &*lock(&lane.thread) {
                thread.unpark();
            }
        }
    }
}

use std::sync::atomic::Ordering;

use phalanx_backend::BackendError;
use phalanx_batch::{LaneId, Nanos};

use super::{Cell, Hub, Running, lock};
use crate::EngineError;

/// Batches are looked over at least this often.
const WATCH_NS: Nanos = 250_000_000;

/// A look that comes later than this was kept from coming.
const LATE_NS: Nanos = 10_000_000;

/// How long a batch has to end after it was interrupted.
const INTERRUPTED_PATIENCE_NS: Nanos = 5_000_000_000;

/// When batches were to be looked over again, by the last look.
#[derive(Default)]
pub(super) struct Watch {
    due_ns: Nanos,
}

/// What a look over the batches gave.
pub(crate) struct Watched {
    /// Lanes that do not come back, and need another thread.
    pub(crate) given_up: Vec<LaneId>,
    /// When to look again.
    pub(crate) due_ns: Nanos,
}

/// What became of a place where a batch may be overdue.
enum Overdue {
    Nothing,
    LookAgain(Nanos),
    GivenUp(LaneId),
}

impl Watch {
    /// By how much a look at `now_ns` comes late: this process did not run meanwhile, because it, or the machine, was
    /// stopped.
    fn late_ns(&self, now_ns: Nanos) -> Nanos {
        if self.due_ns == 0 { 0 } else { now_ns.saturating_sub(self.due_ns) }
    }
}

impl Hub {
    /// Stops batches that have not come back in time, and gives up the lanes of those that cannot be stopped: their
    /// slots are never used again.
    ///
    /// Time in which nobody looked although it was due counts for no batch: what ends it may not have run either.
    pub(crate) fn watch(&self, now_ns: Nanos) -> Watched {
        let late_ns = lock(&self.watch).late_ns(now_ns);
        let mut watched = Watched { given_up: Vec::new(), due_ns: now_ns.saturating_add(WATCH_NS) };
        for cell in &self.cells {
            match self.look_at(cell, late_ns, now_ns) {
                Overdue::Nothing => {}
                Overdue::LookAgain(at_ns) => watched.due_ns = watched.due_ns.min(at_ns),
                Overdue::GivenUp(lane) => watched.given_up.push(lane),
            }
        }
        lock(&self.watch).due_ns = watched.due_ns;
        watched
    }

    fn look_at(&self, cell: &Cell, late_ns: Nanos, now_ns: Nanos) -> Overdue {
        let mut running = lock(&cell.running);
        if running.batch.is_none() {
            return Overdue::Nothing;
        }
        let missed_ns = late_ns.min(now_ns.saturating_sub(running.left_ns));
        running.expires_ns = running.expires_ns.saturating_add(missed_ns);
        if missed_ns > LATE_NS && running.expires_ns <= now_ns && !running.was_spared {
            // Nobody knows how much of the time before was missed as well; once, what has ended may say so.
            running.was_spared = true;
            running.expires_ns = now_ns.saturating_add(WATCH_NS);
        }
        let interrupt = if running.expires_ns <= now_ns { running.interrupt.take() } else { None };
        if interrupt.is_some() {
            running.expires_ns = now_ns.saturating_add(INTERRUPTED_PATIENCE_NS);
        }
        if running.expires_ns <= now_ns {
            return self.give_up(running, now_ns);
        }
        let look_again_ns = running.expires_ns;
        drop(running);
        interrupt.into_iter().for_each(|lane| lane.interrupt());
        Overdue::LookAgain(look_again_ns)
    }

    fn give_up(&self, mut running: std::sync::MutexGuard<'_, Running>, now_ns: Nanos) -> Overdue {
        let Some(batch) = running.batch.take() else { return Overdue::Nothing };
        let members = std::mem::take(&mut running.members);
        let waited_ms = now_ns.saturating_sub(running.left_ns) / 1_000_000;
        let Running { lane, slot_bytes, level, probes, .. } = *running;
        drop(running);
        // The lane's thread is told before anybody else: should it come back now, it leaves.
        self.lanes[lane.0].epoch.fetch_add(1, Ordering::AcqRel);
        let woken = {
            let mut scheduler = self.scheduler();
            [scheduler.lane_lost(lane), scheduler.release(now_ns, batch)]
        };
        woken.into_iter().for_each(|lane| self.wake(lane));
        if slot_bytes > 0 {
            self.slots.lose(slot_bytes);
        }
        if probes {
            self.moved(self.stack.probed(level, false, now_ns));
        }
        let message = format!("the batch did not come back within {waited_ms} ms");
        let error = BackendError::Run { backend: "engine", message };
        for member in members {
            self.fail_part(member.payload, EngineError::BackendFailed(error.clone()));
        }
        Overdue::GivenUp(lane)
    }
}

use std::sync::Arc;
use std::sync::atomic::Ordering;

use phalanx_backend::{BackendError, Completion, Program, Slot};
use phalanx_batch::{BatchRef, LaneId, Nanos, Take, Taken};
use phalanx_tensor::Tensor;

use super::admit::refusal_error;
use super::{BatchTimeout, Cell, Finished, Hub, Running, Work, lock};
use crate::EngineError;
use crate::call::Part;
use crate::groups::{Apart, Group};
use crate::trace::Stage;

/// What a lane does next.
pub(crate) enum Next {
    /// Submit this to the candidate of this level.
    Run { batch: BatchRef, level: usize, work: Submission },
    /// Ask again at this time, or when woken.
    WaitUntil(Nanos),
    /// Ask again when woken.
    Wait,
}

/// What is submitted.
pub(crate) enum Submission {
    /// Rows.
    Rows { slot: Slot, rows: usize },
    /// A request as it is.
    Single { inputs: Vec<Tensor> },
}

impl Submission {
    /// The slot, where it has one.
    pub(crate) fn into_slot(self) -> Option<Slot> {
        match self {
            Self::Rows { slot, .. } => Some(slot),
            Self::Single { .. } => None,
        }
    }
}

/// What is settled when a batch leaves, besides its members.
struct Departure {
    group: Arc<Group>,
    padding_rows: usize,
    slot_bytes: usize,
    level: usize,
    probes: bool,
}

/// What became of a place where a batch may be overdue.
enum Overdue {
    Nothing,
    LookAgain(Nanos),
    GivenUp(LaneId),
}

/// Batches get ten times what they usually take, but at least this long.
const MEASURED_TIMEOUT_MIN_NS: Nanos = 500_000_000;

/// How long a batch has to end after it was interrupted.
const INTERRUPTED_PATIENCE_NS: Nanos = 5_000_000_000;

impl Hub {
    /// A lane has ended `ended` (a batch, and how long it took unless it failed) and asks for the next.
    pub(crate) fn next(
        &self,
        lane: LaneId,
        mut ended: Option<(BatchRef, Option<Nanos>)>,
        now_ns: Nanos,
        taken: &mut Taken<Part>,
    ) -> Next {
        let has_ended = ended.is_some();
        loop {
            let (take, others) = {
                let mut scheduler = self.scheduler();
                let woken =
                    ended.take().and_then(|(batch, took)| scheduler.complete(now_ns, lane, batch, took));
                (scheduler.take(now_ns, lane, taken), [woken, taken.wake])
            };
            others.into_iter().for_each(|lane| self.wake(lane));
            for (part, refusal) in taken.refused.drain(..) {
                self.fail_part(part, refusal_error(refusal));
            }
            match take {
                Take::Wait => return Next::Wait,
                Take::WaitUntil(at_ns) => return Next::WaitUntil(at_ns),
                Take::Run => {}
            }
            // Waking the mover is dear; it forms what it can after every delivery.
            if taken.more_waiting && !has_ended {
                self.inbox.push(Work::Form);
            }
            match self.depart(lane, now_ns, taken) {
                Ok(next) => return next,
                Err(error) => {
                    let batch = taken.batch;
                    for member in taken.members.drain(..) {
                        self.fail_part(member.payload, EngineError::BackendFailed(error.clone()));
                    }
                    let woken = self.scheduler().release(now_ns, batch);
                    self.wake(woken);
                    ended = Some((batch, None));
                }
            }
        }
    }

    /// A batch ended on a device that works by itself. Called on any thread.
    pub(crate) fn finish(&self, lane: LaneId, finished: Finished, now_ns: Nanos) {
        let took_ns = matches!(finished.completion, Completion::Done(_) | Completion::Single(_))
            .then_some(finished.took_ns);
        let woken = self.scheduler().complete(now_ns, lane, finished.batch, took_ns);
        self.inbox.push(Work::Deliver(finished));
        self.wake(woken);
        self.wake(Some(lane));
    }

    /// A batch ended that a lane ran on another candidate than its own. How long it took says nothing of the next.
    pub(crate) fn finish_aside(&self, lane: LaneId, finished: Finished, now_ns: Nanos) {
        let woken = self.scheduler().complete(now_ns, lane, finished.batch, None);
        self.inbox.push(Work::Deliver(finished));
        self.wake(woken);
    }

    /// Whether another candidate can run what is in a batch's slot.
    pub(crate) fn fits(&self, batch: BatchRef, program: &dyn Program) -> Result<(), BackendError> {
        let group = lock(&self.cells[batch.place].running).group.clone();
        group.map_or(Ok(()), |group| group.fits(program))
    }

    /// A lane could not be opened again. Where it was the last, everything that waits is answered with the error.
    pub(crate) fn lane_failed(&self, lane: LaneId, error: &BackendError) {
        let parts = {
            let mut scheduler = self.scheduler();
            self.wake(scheduler.lane_lost(lane));
            if scheduler.all_lanes_lost() {
                // Whoever arrives later is told at once, whoever arrived before is in the scheduler.
                let _ = self.broken.set(error.clone());
                scheduler.stop();
                scheduler.drain_all()
            } else {
                Vec::new()
            }
        };
        for part in parts {
            self.fail_part(part, EngineError::BackendFailed(error.clone()));
        }
    }

    /// Stops batches that have not come back in time, and gives up the lanes of those that cannot be stopped: their
    /// slots are never used again. Gives those lanes, and when to look again.
    pub(crate) fn abandon_overdue(&self, now_ns: Nanos) -> (Vec<LaneId>, Option<Nanos>) {
        let mut lanes = Vec::new();
        let mut look_again_ns: Option<Nanos> = None;
        for cell in &self.cells {
            match self.look_at(cell, now_ns) {
                Overdue::Nothing => {}
                Overdue::LookAgain(at_ns) => {
                    look_again_ns = Some(look_again_ns.map_or(at_ns, |other| other.min(at_ns)));
                }
                Overdue::GivenUp(lane) => lanes.push(lane),
            }
        }
        (lanes, look_again_ns)
    }

    fn look_at(&self, cell: &Cell, now_ns: Nanos) -> Overdue {
        let mut running = lock(&cell.running);
        let Some(batch) = running.batch else { return Overdue::Nothing };
        let interrupt = if running.expires_ns <= now_ns { running.interrupt.take() } else { None };
        if interrupt.is_some() {
            running.expires_ns = now_ns.saturating_add(INTERRUPTED_PATIENCE_NS);
        }
        if running.expires_ns > now_ns {
            let look_again_ns = running.expires_ns;
            drop(running);
            interrupt.into_iter().for_each(|lane| lane.interrupt());
            return Overdue::LookAgain(look_again_ns);
        }
        running.batch = None;
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

    /// A lane that was given up has a new thread.
    pub(crate) fn lane_restored(&self, lane: LaneId) {
        self.scheduler().lane_restored(lane);
    }

    /// Makes what was taken ready for the lane, and notes who waits for it.
    fn depart(&self, lane: LaneId, now_ns: Nanos, taken: &mut Taken<Part>) -> Result<Next, BackendError> {
        let batch = taken.batch;
        let Some(group) = self.groups.by_id(taken.group) else {
            return Err(BackendError::Run {
                backend: "engine",
                message: "a batch of no known group left".to_owned(),
            });
        };
        let (work, padding_rows, slot_bytes) = if group.is_single() {
            let inputs = taken.members[0].payload.call.body().inputs.clone();
            (Submission::Single { inputs }, 0, 0)
        } else {
            let rows = self.settings.buckets.fit(taken.rows).unwrap_or(taken.rows);
            let begin_ns = self.span_begin();
            let slot = self.seal(taken, &group, rows)?;
            self.span_end(begin_ns, Stage::Seal, batch, Some(lane), taken.rows);
            let slot_bytes = slot.size_bytes();
            (Submission::Rows { slot, rows }, rows - taken.rows, slot_bytes)
        };
        let (level, probes) = self.level_of(&group, now_ns);
        self.note_running(lane, now_ns, taken, Departure { group, padding_rows, slot_bytes, level, probes });
        Ok(Next::Run { batch, level, work })
    }

    /// The candidate that runs a batch of this group, and whether that is to find out how it does.
    fn level_of(&self, group: &Group, now_ns: Nanos) -> (usize, bool) {
        match group.apart() {
            Some(Apart { level: Some(level), .. }) => (*level, false),
            Some(_) => (self.stack.active(), false),
            None => match self.stack.probe(now_ns) {
                Some(level) => (level, true),
                None => (self.stack.active(), false),
            },
        }
    }

    fn note_running(&self, lane: LaneId, now_ns: Nanos, taken: &mut Taken<Part>, departure: Departure) {
        let interrupt = lock(&self.lanes[lane.0].interrupt).clone();
        let timeout_ns = self.timeout_ns(taken, &departure, interrupt.is_some(), now_ns);
        let mut running = lock(&self.cells[taken.batch.place].running);
        std::mem::swap(&mut running.members, &mut taken.members);
        taken.members.clear();
        running.batch = Some(taken.batch);
        running.group = Some(departure.group);
        running.lane = lane;
        running.rows = taken.rows;
        running.padding_rows = departure.padding_rows;
        running.reason = taken.reason;
        running.left_ns = now_ns;
        running.slot_bytes = departure.slot_bytes;
        running.level = departure.level;
        running.probes = departure.probes;
        running.expires_ns = now_ns.saturating_add(timeout_ns);
        running.interrupt = interrupt;
    }

    fn timeout_ns(
        &self,
        taken: &Taken<Part>,
        departure: &Departure,
        interruptible: bool,
        now_ns: Nanos,
    ) -> Nanos {
        match self.settings.batch_timeout {
            BatchTimeout::Fixed(timeout_ns) => timeout_ns,
            BatchTimeout::Measured { max_ns } => {
                let rows = taken.rows + departure.padding_rows;
                if !interruptible || !departure.group.sizes.contains(rows) {
                    return max_ns;
                }
                let usual_ns = taken.ends_ns.saturating_sub(now_ns);
                usual_ns
                    .saturating_mul(10)
                    .clamp(MEASURED_TIMEOUT_MIN_NS, max_ns.max(MEASURED_TIMEOUT_MIN_NS))
            }
        }
    }
}

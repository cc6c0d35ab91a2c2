use std::sync::Arc;

use phalanx_backend::{BackendError, Completion, Program, Slot};
use phalanx_batch::{BatchRef, LaneId, Nanos, Take, Taken};
use phalanx_tensor::Tensor;

use super::admit::refusal_error;
use super::{BatchTimeout, Finished, Hub, Work, lock};
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

/// Batches get ten times what they usually take, but at least this long.
const MEASURED_TIMEOUT_MIN_NS: Nanos = 500_000_000;

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
        self.ended(lane, &finished, now_ns);
        self.inbox.push(Work::Deliver(finished));
    }

    /// The same; its results are still to be handed out. The lane is woken where that gives it something to do.
    pub(crate) fn ended(&self, lane: LaneId, finished: &Finished, now_ns: Nanos) {
        let took_ns = matches!(finished.completion, Completion::Done(_) | Completion::Single(_))
            .then_some(finished.took_ns);
        let woken = self.scheduler().complete(now_ns, lane, finished.batch, took_ns);
        self.wake(woken);
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
        running.was_spared = false;
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

use std::sync::Arc;
use std::sync::atomic::Ordering;

use phalanx_backend::{BackendError, Completion, Slot};
use phalanx_batch::{BatchRef, LaneId, Nanos, Take, Taken};
use phalanx_tensor::Tensor;

use super::admit::refusal_error;
use super::{Finished, Hub, Work, lock};
use crate::EngineError;
use crate::call::Part;
use crate::groups::Group;

/// What a lane does next.
pub(crate) enum Next {
    /// Submit these rows.
    Batch { batch: BatchRef, slot: Slot, rows: usize },
    /// Submit this request as it is.
    Single { batch: BatchRef, inputs: Vec<Tensor> },
    /// Ask again at this time, or when woken.
    WaitUntil(Nanos),
    /// Ask again when woken.
    Wait,
}

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
        if matches!(finished.completion, Completion::Lost(_)) {
            self.lanes[lane.0].reopen.store(true, Ordering::Release);
        }
        let woken = self.scheduler().complete(now_ns, lane, finished.batch, took_ns);
        self.inbox.push(Work::Deliver(finished));
        self.wake(woken);
        self.wake(Some(lane));
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

    /// Gives up batches that have not come back in time, and the lanes that run them. Their slots are never used
    /// again. Gives the lanes, and when to look again.
    pub(crate) fn abandon_overdue(&self, now_ns: Nanos) -> (Vec<LaneId>, Option<Nanos>) {
        let timeout_ns = self.settings.batch_timeout_ns;
        let mut lanes = Vec::new();
        let mut look_again_ns: Option<Nanos> = None;
        for cell in &self.cells {
            let mut running = lock(&cell.running);
            let Some(batch) = running.batch else { continue };
            let expires_ns = running.left_ns.saturating_add(timeout_ns);
            if expires_ns > now_ns {
                look_again_ns = Some(look_again_ns.map_or(expires_ns, |other| other.min(expires_ns)));
                continue;
            }
            running.batch = None;
            let members = std::mem::take(&mut running.members);
            let (lane, slot_bytes) = (running.lane, running.slot_bytes);
            drop(running);
            // The lane's thread is told before anybody else: should it come back now, it leaves.
            self.lanes[lane.0].epoch.fetch_add(1, Ordering::AcqRel);
            let woken = {
                let mut scheduler = self.scheduler();
                [scheduler.lane_lost(lane), scheduler.release(now_ns, batch)]
            };
            woken.into_iter().for_each(|lane| self.wake(lane));
            self.slots.lose(slot_bytes);
            let error = BackendError::Run {
                backend: "engine",
                message: format!("the batch did not come back within {} ms", timeout_ns / 1_000_000),
            };
            for member in members {
                self.fail_part(member.payload, EngineError::BackendFailed(error.clone()));
            }
            lanes.push(lane);
        }
        (lanes, look_again_ns)
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
        if group.is_single() {
            let inputs = taken.members[0].payload.call.body().inputs.clone();
            self.note_running(lane, now_ns, taken, group, 0, 0);
            return Ok(Next::Single { batch, inputs });
        }
        let bucket = self.settings.buckets.fit(taken.rows).unwrap_or(taken.rows);
        let slot = self.seal(taken, &group, bucket)?;
        self.note_running(lane, now_ns, taken, group, bucket - taken.rows, slot.size_bytes());
        Ok(Next::Batch { batch, slot, rows: bucket })
    }

    fn note_running(
        &self,
        lane: LaneId,
        now_ns: Nanos,
        taken: &mut Taken<Part>,
        group: Arc<Group>,
        padding_rows: usize,
        slot_bytes: usize,
    ) {
        let mut running = lock(&self.cells[taken.batch.place].running);
        std::mem::swap(&mut running.members, &mut taken.members);
        taken.members.clear();
        running.batch = Some(taken.batch);
        running.group = Some(group);
        running.lane = lane;
        running.rows = taken.rows;
        running.padding_rows = padding_rows;
        running.reason = taken.reason;
        running.left_ns = now_ns;
        running.slot_bytes = slot_bytes;
    }
}

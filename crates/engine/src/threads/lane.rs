use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use phalanx_backend::{BackendError, BatchId, Completion, Completions, Lane, Loss};
use phalanx_batch::{BatchRef, LaneId, Nanos, Taken};
use phalanx_handoff::Turn;

use crate::hub::{Finished, Hub, Next, Scratch, Work, lock};
use crate::submitters::Submitter;

/// A lane that is lost this many times in a row, without a batch that ends well, is not opened again.
const LOST_IN_A_ROW_MAX: usize = 3;

/// The thread of one lane.
pub(crate) struct LaneThread {
    pub(crate) hub: Arc<Hub>,
    pub(crate) lane: LaneId,
    /// Which of the lane's threads this is; a newer one has taken over once the lane's epoch differs.
    pub(crate) epoch: usize,
    /// Takes turns with all lanes of all models that submit to this device.
    pub(crate) submitter: Option<Arc<Submitter>>,
}

/// Where the lane says that a batch has ended.
struct Ended {
    hub: Arc<Hub>,
    lane: LaneId,
    asynchronous: bool,
    /// When each batch in flight was submitted, and of a blocking lane, how the one that ran has ended.
    state: Mutex<EndedState>,
}

#[derive(Default)]
struct EndedState {
    submitted: Vec<(BatchRef, Nanos)>,
    last_end_ns: Nanos,
    blocking: Option<Completion>,
}

impl LaneThread {
    /// Runs until the engine exits or the lane is lost for good.
    pub(crate) fn run(self) {
        let ended = Arc::new(Ended {
            hub: Arc::clone(&self.hub),
            lane: self.lane,
            asynchronous: self.hub.program.limits().async_submit,
            state: Mutex::default(),
        });
        let mut lost_in_a_row = 0;
        while let Some(mut lane) = self.open(&ended) {
            if self.serve(lane.as_mut(), &ended, &mut lost_in_a_row) {
                return;
            }
            lost_in_a_row += 1;
            if lost_in_a_row > LOST_IN_A_ROW_MAX {
                let message = format!("a lane was lost {lost_in_a_row} times in a row");
                return self.hub.lane_failed(self.lane, &BackendError::Run { backend: "engine", message });
            }
        }
    }

    fn open(&self, ended: &Arc<Ended>) -> Option<Box<dyn Lane>> {
        let completions: Arc<dyn Completions> = Arc::clone(ended) as Arc<dyn Completions>;
        let opened = catch_unwind(AssertUnwindSafe(|| self.hub.program.open_lane(completions)));
        let error = match opened {
            Ok(Ok(lane)) => return Some(lane),
            Ok(Err(error)) => error,
            Err(panic) => BackendError::Panicked { message: panic_message(panic.as_ref()) },
        };
        self.hub.lane_failed(self.lane, &error);
        None
    }

    /// Serves until the engine exits (`true`) or the lane is lost (`false`).
    fn serve(&self, lane: &mut dyn Lane, ended: &Ended, lost_in_a_row: &mut usize) -> bool {
        let shared = &self.hub.lanes[self.lane.0];
        let mut taken = Taken::default();
        let mut scratch = Scratch::default();
        // What a blocking lane has just run: reported and handed out together with asking for the next.
        let mut finished: Option<Finished> = None;
        loop {
            if shared.epoch.load(Ordering::Acquire) != self.epoch {
                // Given up, perhaps for an earlier batch than the one that has just ended.
                finished.into_iter().for_each(|finished| self.hub.inbox.push(Work::Deliver(finished)));
                return true;
            }
            let turn = self.turn(&mut finished);
            let report = finished.as_ref().map(|finished| (finished.batch, took(finished)));
            let next = self.hub.next(self.lane, report, self.hub.now_ns(), &mut taken);
            match (finished.take(), &next) {
                (Some(finished), Next::Wait | Next::WaitUntil(_)) if self.hub.is_small(&finished) => {
                    drop(turn);
                    self.hub.deliver(finished, self.hub.now_ns(), &mut scratch);
                    continue;
                }
                (Some(finished), _) => {
                    self.hub.placing.lane_is_here(self.lane.0);
                    self.hub.inbox.push(Work::Deliver(finished));
                }
                (None, _) => {}
            }
            let batch = match next {
                Next::Wait | Next::WaitUntil(_) if self.hub.is_exiting() => return true,
                Next::Wait => {
                    drop(turn);
                    std::thread::park();
                    continue;
                }
                Next::WaitUntil(at_ns) => {
                    drop(turn);
                    std::thread::park_timeout(Duration::from_nanos(at_ns.saturating_sub(self.hub.now_ns())));
                    continue;
                }
                Next::Batch { batch, slot, rows } => {
                    ended.submit(batch, || lane.submit(BatchId(batch.id), slot, rows));
                    batch
                }
                Next::Single { batch, inputs } => {
                    ended.submit(batch, || lane.submit_single(BatchId(batch.id), &inputs));
                    batch
                }
            };
            if ended.asynchronous {
                drop(turn);
                if shared.reopen.swap(false, Ordering::AcqRel) {
                    return false;
                }
            } else {
                let run = ended.take_blocking(batch);
                turn.into_iter().for_each(|turn| turn.end(run.took_ns));
                if matches!(run.completion, Completion::Done(_) | Completion::Single(_)) {
                    *lost_in_a_row = 0;
                }
                if matches!(run.completion, Completion::Lost(_)) {
                    self.report_lost(run);
                    return false;
                }
                finished = Some(run);
            }
        }
    }

    /// The lane's turn on the device. Where it has to be waited for, the batch that has just run is reported first.
    fn turn(&self, finished: &mut Option<Finished>) -> Option<Turn<'_>> {
        let submitter = self.submitter.as_deref()?;
        if let Some(turn) = submitter.try_turn() {
            return Some(turn);
        }
        if let Some(finished) = finished.take() {
            self.hub.finish(self.lane, finished, self.hub.now_ns());
        }
        Some(submitter.turn())
    }

    /// The lane is opened again before it asks for more, so its last batch is reported by itself.
    fn report_lost(&self, run: Finished) {
        let now_ns = self.hub.now_ns();
        self.hub.finish(self.lane, run, now_ns);
        self.hub.lanes[self.lane.0].reopen.store(false, Ordering::Release);
    }
}

impl Ended {
    /// Submits, and turns a panic into the loss of the lane.
    fn submit(&self, batch: BatchRef, submit: impl FnOnce()) {
        lock(&self.state).submitted.push((batch, self.hub.now_ns()));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(submit)) {
            let message = panic_message(panic.as_ref());
            self.complete(
                BatchId(batch.id),
                Completion::Lost(Loss::total(BackendError::Panicked { message })),
            );
        }
    }

    /// How the batch that a blocking lane has just run ended.
    fn take_blocking(&self, batch: BatchRef) -> Finished {
        let mut state = lock(&self.state);
        let took_ns = state.took_ns(batch.id, self.hub.now_ns()).map_or(0, |(_, took_ns)| took_ns);
        let completion = state.blocking.take().unwrap_or_else(|| {
            let message = "the lane returned without ending its batch".to_owned();
            Completion::Failed(None, BackendError::Run { backend: self.hub.backend_name(), message })
        });
        Finished { batch, completion, took_ns }
    }
}

impl EndedState {
    /// Forgets a submission; how long it took, counted from the end of the one before it where that was later.
    fn took_ns(&mut self, id: u64, now_ns: Nanos) -> Option<(BatchRef, Nanos)> {
        let position = self.submitted.iter().position(|(batch, _)| batch.id == id)?;
        let (batch, submitted_ns) = self.submitted.swap_remove(position);
        let took_ns = now_ns.saturating_sub(submitted_ns.max(self.last_end_ns));
        self.last_end_ns = now_ns;
        Some((batch, took_ns))
    }
}

impl Completions for Ended {
    fn complete(&self, batch: BatchId, completion: Completion) {
        if !self.asynchronous {
            // The first word counts: a panic after the end changes nothing.
            lock(&self.state).blocking.get_or_insert(completion);
            return;
        }
        let now_ns = self.hub.now_ns();
        let Some((batch, took_ns)) = lock(&self.state).took_ns(batch.0, now_ns) else { return };
        self.hub.finish(self.lane, Finished { batch, completion, took_ns }, now_ns);
    }
}

/// How long a batch took, where that says something about the next.
fn took(finished: &Finished) -> Option<Nanos> {
    matches!(finished.completion, Completion::Done(_) | Completion::Single(_)).then_some(finished.took_ns)
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use phalanx_backend::{BackendError, BatchId, Completion, Completions, Lane, Loss, Program};
use phalanx_batch::BatchRef;

use super::{LaneThread, panic_message};
use crate::hub::{Finished, Submission, lock};

/// A lane of another candidate beside the one that is open: it runs what that one failed to run, one batch at a time.
pub(super) struct Aside {
    level: usize,
    lane: Box<dyn Lane>,
    ended: Arc<AsideEnded>,
}

#[derive(Default)]
struct AsideEnded {
    completion: Mutex<Option<(BatchId, Completion)>>,
    arrived: Condvar,
}

impl Completions for AsideEnded {
    fn complete(&self, batch: BatchId, completion: Completion) {
        // The first word counts: a panic after the end changes nothing.
        lock(&self.completion).get_or_insert((batch, completion));
        self.arrived.notify_one();
    }
}

impl LaneThread {
    /// Runs a batch on the candidate of another level and waits for it.
    pub(super) fn run_aside(
        &self,
        aside: &mut Option<Aside>,
        level: usize,
        batch: BatchRef,
        work: Submission,
    ) {
        let begin_ns = self.hub.now_ns();
        if aside.as_ref().is_none_or(|open| open.level != level) {
            *aside = None;
        }
        let open = match aside.take() {
            Some(open) => Ok(open),
            None => self.open_aside(level, batch),
        };
        let completion = match open {
            Ok(mut open) => {
                let completion = open.run(batch, work);
                if !matches!(completion, Completion::Lost(_)) {
                    *aside = Some(open);
                }
                completion
            }
            Err(error) => Completion::Failed(work.into_slot(), error),
        };
        let now_ns = self.hub.now_ns();
        let took_ns = now_ns.saturating_sub(begin_ns);
        self.hub.finish_aside(self.lane, Finished { batch, completion, took_ns }, now_ns);
    }

    fn open_aside(&self, level: usize, batch: BatchRef) -> Result<Aside, BackendError> {
        let program: Arc<dyn Program> = self.hub.stack.program(level)?;
        self.hub.fits(batch, program.as_ref())?;
        let ended = Arc::new(AsideEnded::default());
        let completions = Arc::clone(&ended) as Arc<dyn Completions>;
        let lane = catch_unwind(AssertUnwindSafe(|| program.open_lane(completions)))
            .unwrap_or_else(|panic| Err(BackendError::Panicked { message: panic_message(panic.as_ref()) }))?;
        Ok(Aside { level, lane, ended })
    }
}

impl Aside {
    fn run(&mut self, batch: BatchRef, work: Submission) -> Completion {
        let id = BatchId(batch.id);
        let submit = || match work {
            Submission::Rows { slot, rows } => self.lane.submit(id, slot, rows),
            Submission::Single { inputs } => self.lane.submit_single(id, &inputs),
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(submit)) {
            let message = panic_message(panic.as_ref());
            self.ended.complete(id, Completion::Lost(Loss::total(BackendError::Panicked { message })));
        }
        let mut completion = lock(&self.ended.completion);
        loop {
            match completion.take() {
                Some((of, ended)) if of == id => return ended,
                _ => {
                    completion = self.ended.arrived.wait(completion).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use phalanx_backend::{BatchId, Completion};
use phalanx_batch::{BatchRef, Nanos, Taken};
use phalanx_handoff::Turn;

use super::{LaneThread, Opened};
use crate::call::Part;
use crate::hub::{Finished, Next, Scratch, Submission, Work};

/// Why a thread has stopped using a lane.
pub(super) enum Left {
    /// The engine exits, or another thread has taken over.
    Exit,
    /// Another candidate runs the batches from now on.
    Moved,
    /// The lane is lost.
    Lost,
}

/// What the thread does next.
enum Step<'a> {
    Submit { batch: BatchRef, level: usize, work: Submission, turn: Option<Turn<'a>> },
    Again,
    Leave(Left),
}

impl LaneThread {
    /// Serves until the engine exits, the lane is lost, or another candidate has to be opened.
    pub(super) fn serve(&self, opened: &mut Opened, lost_in_a_row: &mut usize) -> Left {
        let mut taken = Taken::default();
        let mut scratch = Scratch::default();
        // What a blocking lane has just run: reported and handed out together with asking for the next.
        let mut finished: Option<Finished> = None;
        loop {
            if let Some(left) = self.must_leave(opened, &mut finished) {
                return left;
            }
            let turn = self.turn(&mut finished);
            match self.next(turn, &mut finished, &mut taken, &mut scratch) {
                Step::Leave(left) => return left,
                Step::Again => {}
                Step::Submit { batch, level, work, turn } => {
                    finished = self.submit(opened, batch, level, work, turn);
                }
            }
            if opened.ended.take_well() {
                *lost_in_a_row = 0;
            }
        }
    }

    /// Why this thread must not take another batch. What has ended is reported before it leaves.
    fn must_leave(&self, opened: &Opened, finished: &mut Option<Finished>) -> Option<Left> {
        loop {
            let replaced = self.hub.lanes[self.lane.0].epoch.load(Ordering::Acquire) != self.epoch;
            let lost = opened.ended.lost.load(Ordering::Acquire);
            let moved = self.hub.stack.active() != opened.level;
            if !(replaced || lost || moved) {
                return None;
            }
            match finished.take() {
                // The lane was given up, perhaps for an earlier batch than the one that has just ended.
                Some(finished) if replaced => self.hub.inbox.push(Work::Deliver(finished)),
                Some(finished) => self.hub.finish(self.lane, finished, self.hub.now_ns()),
                None => {}
            }
            match (replaced, lost) {
                (true, _) => return Some(Left::Exit),
                (_, true) => return Some(Left::Lost),
                _ if opened.ended.is_idle_or_will_wake() => return Some(Left::Moved),
                // The end of each batch that this lane has in flight wakes the thread.
                _ => std::thread::park(),
            }
        }
    }

    /// Reports what has ended, and asks what to do next.
    fn next<'a>(
        &self,
        turn: Option<Turn<'a>>,
        finished: &mut Option<Finished>,
        taken: &mut Taken<Part>,
        scratch: &mut Scratch,
    ) -> Step<'a> {
        let wakes = self.wakes();
        let report = finished.as_ref().map(|finished| (finished.batch, took(finished)));
        let next = self.hub.next(self.lane, report, self.hub.now_ns(), taken);
        match (finished.take(), &next) {
            (Some(finished), Next::Wait | Next::WaitUntil(_)) if self.hub.is_small(&finished) => {
                drop(turn);
                self.hub.deliver(finished, || self.hub.now_ns(), scratch);
                return Step::Again;
            }
            (Some(finished), _) => {
                self.hub.placing.lane_is_here(self.lane.0);
                self.hub.inbox.push(Work::Deliver(finished));
            }
            (None, _) => {}
        }
        let until_ns = match next {
            Next::Run { batch, level, work } => return Step::Submit { batch, level, work, turn },
            Next::Wait => None,
            Next::WaitUntil(at_ns) => Some(at_ns),
        };
        drop(turn);
        match until_ns {
            _ if self.hub.is_exiting() => return Step::Leave(Left::Exit),
            None => self.rest(wakes),
            Some(at_ns) => {
                std::thread::park_timeout(Duration::from_nanos(at_ns.saturating_sub(self.hub.now_ns())));
            }
        }
        Step::Again
    }

    /// How often this lane was woken so far.
    fn wakes(&self) -> usize {
        self.hub.lanes[self.lane.0].wakes.load(Ordering::Acquire)
    }

    /// Waits to be woken: for a while awake, where that was asked for, then asleep. `seen` is how often the lane had
    /// been woken before it asked for work and got none.
    fn rest(&self, seen: usize) {
        let spin = self.hub.settings.spin;
        if !spin.is_zero() {
            let start = Instant::now();
            while start.elapsed() < spin {
                if self.wakes() != seen {
                    return;
                }
                std::hint::spin_loop();
            }
        }
        std::thread::park();
    }

    /// Submits a batch; of a blocking lane, how it ended comes back.
    fn submit(
        &self,
        opened: &mut Opened,
        batch: BatchRef,
        level: usize,
        work: Submission,
        turn: Option<Turn<'_>>,
    ) -> Option<Finished> {
        if level != opened.level {
            self.hub.placing.roam();
            self.run_aside(&mut opened.aside, level, batch, work);
            return None;
        }
        let Opened { lane, ended, .. } = opened;
        let id = BatchId(batch.id);
        ended.submit(batch, || match work {
            Submission::Rows { slot, rows } => lane.submit(id, slot, rows),
            Submission::Single { inputs } => lane.submit_single(id, &inputs),
        });
        if ended.asynchronous {
            if let Some(core) = lane.core() {
                self.hub.placing.lane_is_on(self.lane.0, core);
            }
            self.hub.placing.keep_off();
            return None;
        }
        let run = ended.take_blocking(batch);
        turn.into_iter().for_each(|turn| turn.end(run.took_ns));
        Some(run)
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
}

/// How long a batch took, where that says something about the next.
fn took(finished: &Finished) -> Option<Nanos> {
    matches!(finished.completion, Completion::Done(_) | Completion::Single(_)).then_some(finished.took_ns)
}

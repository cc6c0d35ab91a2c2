use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::task::Waker;

use phalanx_batch::RequestKey;
use smallvec::SmallVec;

use super::{Hub, lock};
use crate::EngineError;
use crate::call::{Answer, Body, Call, Part};

/// Wakes a caller. Its waker is the caller's code: should that panic, others must still be woken.
pub(super) fn wake(caller: Waker) {
    let _ = catch_unwind(AssertUnwindSafe(|| caller.wake()));
}

impl Hub {
    /// Answers a part's request with an error, unless it has been answered already, and takes its other parts back.
    pub(super) fn fail_part(&self, part: Part, error: EngineError) {
        let keys = {
            let mut body = part.call.body();
            if body.generation != part.generation || body.parts_left == 0 {
                drop(body);
                return self.calls.release(part.call);
            }
            self.settle(&mut body)
        };
        self.recorder.count_error(&error);
        self.answered(&part.call, Err(error));
        self.take_back(&keys);
        self.calls.release(part.call);
    }

    /// The caller does not want an answer any more, or wants the error instead of one. What has not been taken by a
    /// lane is never run.
    pub(crate) fn cancel(&self, call: &Call, generation: u64) {
        let keys = {
            let mut body = call.body();
            if body.generation != generation || body.parts_left == 0 {
                return;
            }
            self.settle(&mut body)
        };
        self.recorder.count_error(&EngineError::Cancelled);
        self.answered(call, Err(EngineError::Cancelled));
        self.take_back(&keys);
    }

    /// The caller is through with its call.
    pub(crate) fn release(&self, call: std::sync::Arc<Call>) {
        self.calls.release(call);
    }

    /// Lets go of what was kept for a request that is being answered. Its parts' keys come back.
    pub(super) fn settle(&self, body: &mut Body) -> SmallVec<[RequestKey; 1]> {
        body.parts_left = 0;
        body.group = None;
        body.inputs = Vec::new();
        body.assembly.clear();
        self.rows_inside.fetch_sub(std::mem::take(&mut body.rows), Ordering::Relaxed);
        self.input_bytes.fetch_sub(std::mem::take(&mut body.bytes) as u64, Ordering::Relaxed);
        std::mem::take(&mut body.keys)
    }

    /// Hands the answer over and wakes the caller.
    pub(super) fn answered(&self, call: &Call, answer: Answer) {
        self.answered_quietly(call, answer).into_iter().for_each(wake);
    }

    /// Hands the answer over. The caller is to be woken.
    pub(super) fn answered_quietly(&self, call: &Call, answer: Answer) -> Option<Waker> {
        // A caller that has left leaves the answer to be dropped here.
        let waker = call.ticket.fulfil_quietly(answer).ok().flatten();
        self.count_answered();
        waker
    }

    /// One request less to wait for when the engine stops.
    pub(super) fn count_answered(&self) {
        if self.unanswered.fetch_sub(1, Ordering::AcqRel) == 1 {
            drop(lock(&self.settled.0));
            self.settled.1.notify_all();
        }
    }

    /// Takes parts out of the queue again.
    pub(super) fn take_back(&self, keys: &[RequestKey]) {
        for &key in keys {
            let part = self.scheduler().cancel(key);
            if let Some(part) = part {
                self.calls.release(part.call);
            }
        }
    }
}

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use phalanx_batch::RequestKey;
use phalanx_handoff::Ticket;
use phalanx_tensor::Tensor;
use smallvec::SmallVec;

use crate::groups::Group;
use crate::response::{Output, Timing};
use crate::{EngineError, Response};

/// What a request is answered with.
pub(crate) type Answer = Result<Response, EngineError>;

/// A request inside the engine: its ticket, and what is needed until it is answered.
///
/// Calls are used again. The caller and each part hold one of its `holders`; who gives up the last one returns it to
/// the pool.
#[derive(Default)]
pub(crate) struct Call {
    pub(crate) ticket: Ticket<Answer>,
    body: Mutex<Body>,
    holders: AtomicUsize,
}

/// The request's data, present until it is answered.
#[derive(Default)]
pub(crate) struct Body {
    /// Counts the uses of the call, so that a leftover part of an earlier one is told apart.
    pub(crate) generation: u64,
    pub(crate) inputs: Vec<Tensor>,
    pub(crate) group: Option<Arc<Group>>,
    pub(crate) rows: usize,
    /// Bytes of the inputs, as the memory limit counts them.
    pub(crate) bytes: usize,
    /// The parts' names in the queue; one, except where the request is larger than a batch.
    pub(crate) keys: SmallVec<[RequestKey; 1]>,
    /// Parts that have not been answered.
    pub(crate) parts_left: usize,
    /// Outputs of a split request, filled part by part.
    pub(crate) assembly: SmallVec<[Output; 2]>,
    pub(crate) timing: Timing,
}

/// Rows of a call that go into one batch.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) call: Arc<Call>,
    pub(crate) generation: u64,
    pub(crate) first_row: usize,
    pub(crate) rows: usize,
}

impl Call {
    pub(crate) fn body(&self) -> MutexGuard<'_, Body> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a holder, for a clone of a part that will be released like any other.
    pub(crate) fn hold(&self) {
        self.holders.fetch_add(1, Ordering::Relaxed);
    }
}

/// Calls that wait to be used again.
pub(crate) struct CallPool {
    idle: Mutex<Vec<Arc<Call>>>,
    idle_max: usize,
}

impl CallPool {
    pub(crate) fn new(idle_max: usize) -> Self {
        Self { idle: Mutex::default(), idle_max }
    }

    /// A call with `parts` parts and a caller.
    pub(crate) fn acquire(&self, parts: usize) -> Arc<Call> {
        let call = self.lock().pop().unwrap_or_default();
        call.ticket.reset();
        call.holders.store(parts + 1, Ordering::Relaxed);
        call
    }

    /// One of its holders is through with the call.
    pub(crate) fn release(&self, call: Arc<Call>) {
        // Acquire and release, so that the next use sees everything the other holders did.
        if call.holders.fetch_sub(1, Ordering::AcqRel) == 1 {
            let mut idle = self.lock();
            if idle.len() < self.idle_max {
                idle.push(call);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Call>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

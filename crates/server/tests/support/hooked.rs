//! A program that does something of the test's before each of its runs.

use std::sync::Arc;

use phalanx_backend::{BackendError, BatchId, Buckets, Completions, Lane, Layout, Limits, Program, Slot};
use phalanx_tensor::{Shape, Signature, Tensor};

/// What happens before a run: it is given the bytes of the first input, none where that has no slot.
pub(crate) type Hook = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// `program`, before whose runs `hook` is called.
pub(crate) fn hooked(program: Arc<dyn Program>, hook: Hook) -> Arc<dyn Program> {
    Arc::new(Hooked { program, hook })
}

struct Hooked {
    program: Arc<dyn Program>,
    hook: Hook,
}

impl Program for Hooked {
    fn signature(&self) -> &Signature {
        self.program.signature()
    }

    fn buckets(&self) -> Buckets {
        self.program.buckets()
    }

    fn limits(&self) -> Limits {
        self.program.limits()
    }

    fn layout(&self, input_tails: &[Shape]) -> Result<Layout, BackendError> {
        self.program.layout(input_tails)
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        self.program.slot(layout, rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        let lane = self.program.open_lane(completions)?;
        Ok(Box::new(HookedLane { lane, hook: Arc::clone(&self.hook) }))
    }
}

struct HookedLane {
    lane: Box<dyn Lane>,
    hook: Hook,
}

impl Lane for HookedLane {
    fn submit(&mut self, batch: BatchId, slot: Slot, rows: usize) {
        (self.hook)(slot.inputs[0].as_slice());
        self.lane.submit(batch, slot, rows);
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        (self.hook)(&[]);
        self.lane.submit_single(batch, inputs);
    }
}

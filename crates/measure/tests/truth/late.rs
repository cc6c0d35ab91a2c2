use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use phalanx_backend::{
    BackendError, BatchId, Buckets, Completion, Completions, Lane, Layout, Limits, OutputSpec, Program,
    RowSpec, Slot,
};
use phalanx_tensor::{Shape, Signature, Tensor};

/// Additions that a row takes.
const WORK: u64 = 200_000;

/// A device that returns from a submit at once, and works afterwards.
#[derive(Clone)]
pub(crate) struct Late(Arc<Signature>);

impl Late {
    pub(crate) fn new(signature: Signature) -> Self {
        Self(Arc::new(signature))
    }
}

impl Program for Late {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn buckets(&self) -> Buckets {
        Buckets::Any(64)
    }

    fn limits(&self) -> Limits {
        Limits { async_submit: true, lanes_max: 8, depth_max: 8 }
    }

    fn layout(&self, tails: &[Shape]) -> Result<Layout, BackendError> {
        let spec = RowSpec::new(self.0.inputs[0].dtype, tails[0].clone()).unwrap();
        Ok(Layout { inputs: vec![spec.clone()], outputs: vec![OutputSpec::Rows(spec)] })
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        Slot::heap("late", Arc::clone(layout), rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        let (queue, batches) = channel::<(BatchId, Slot, usize)>();
        std::thread::spawn(move || {
            for (batch, slot, rows) in batches {
                let sum = (0..WORK * rows as u64).fold(0_u64, |sum, value| std::hint::black_box(sum + value));
                std::hint::black_box(sum);
                completions.complete(batch, Completion::Done(slot));
            }
        });
        Ok(Box::new(LateLane(queue)))
    }
}

struct LateLane(Sender<(BatchId, Slot, usize)>);

impl Lane for LateLane {
    fn submit(&mut self, batch: BatchId, slot: Slot, rows: usize) {
        self.0.send((batch, slot, rows)).unwrap();
    }

    fn submit_single(&mut self, _: BatchId, _: &[Tensor]) {
        unreachable!("rows are run in batches");
    }
}

/// Says that a batch has ended.
pub(crate) struct Told(pub(crate) Sender<()>);

impl Completions for Told {
    fn complete(&self, _: BatchId, _: Completion) {
        self.0.send(()).unwrap();
    }
}

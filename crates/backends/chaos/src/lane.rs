use std::sync::Arc;

use phalanx_backend::{BatchId, Completion, Completions, Interrupt, Lane, Loss, Slot};
use phalanx_tensor::Tensor;

use crate::acts::{End, act};
use crate::elements;
use crate::judge::Judge;
use crate::lies::Lies;
use crate::plan::Stage;

pub(crate) struct ChaosLane {
    inner: Box<dyn Lane>,
    judge: Arc<Judge>,
    lies: Arc<Lies>,
}

impl ChaosLane {
    pub(crate) fn new(inner: Box<dyn Lane>, judge: Arc<Judge>, lies: Arc<Lies>) -> Self {
        Self { inner, judge, lies }
    }

    /// Acts on a batch whose rows begin with `firsts`; an error is how it ended.
    fn act(&self, batch: BatchId, firsts: &[f64]) -> Result<(), End> {
        let lies = act(Stage::Batch, self.judge.rules(Stage::Batch, firsts))?;
        self.lies.tell(batch, lies);
        Ok(())
    }
}

/// What the engine is told of a batch that a rule has ended.
fn completion(end: End, slot: Option<Slot>) -> Completion {
    match end {
        End::Failed(error) => Completion::Failed(slot, error),
        End::Lost(error) => Completion::Lost(Loss::total(error)),
    }
}

impl Lane for ChaosLane {
    fn submit(&mut self, batch: BatchId, slot: Slot, rows: usize) {
        let firsts = slot
            .layout()
            .inputs
            .first()
            .map(|spec| elements::firsts(spec.dtype, slot.input_rows(0, rows), spec.row_bytes));
        match self.act(batch, &firsts.unwrap_or_default()) {
            Ok(()) => self.inner.submit(batch, slot, rows),
            Err(end) => self.lies.complete(batch, completion(end, Some(slot))),
        }
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        let firsts = inputs.first().map(elements::firsts_of).unwrap_or_default();
        match self.act(batch, &firsts) {
            Ok(()) => self.inner.submit_single(batch, inputs),
            Err(end) => self.lies.complete(batch, completion(end, None)),
        }
    }

    fn interrupt(&self) -> Option<Arc<dyn Interrupt>> {
        self.inner.interrupt()
    }
}

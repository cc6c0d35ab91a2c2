use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use phalanx_backend::{BackendError, BatchId, Completion, Completions, Layout, Slot};
use phalanx_tensor::rows::repeat_row;

use super::{Reason, Work, Worker};
use crate::Recipe;
use crate::program::Slots;

/// A row that a worker has run well. Those that come later run batches of it before they are given any other: what a
/// runtime prepares at its first batches is then done when they stand in.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    row: OnceLock<Row>,
    /// Rows of the largest batch that was run well: what is larger may not fit into memory.
    rows_max: AtomicUsize,
}

#[derive(Debug)]
struct Row {
    layout: Arc<Layout>,
    inputs: Vec<Box<[u8]>>,
}

/// The answers of a rehearsal are nobody's.
struct Unheard;

impl Completions for Unheard {
    fn complete(&self, _: BatchId, _: Completion) {}
}

impl Sample {
    /// Learns from a batch that was run well. A row is kept of the first.
    pub(super) fn learn(&self, slot: &Slot, rows: usize) {
        // Read first: nearly always there is nothing new.
        if self.rows_max.load(Ordering::Relaxed) < rows {
            self.rows_max.fetch_max(rows, Ordering::Relaxed);
        }
        self.row.get_or_init(|| {
            let layout = Arc::clone(slot.layout());
            let inputs = (0..layout.inputs.len()).map(|index| slot.input_rows(index, 1).into()).collect();
            Row { layout, inputs }
        });
    }
}

impl Row {
    /// A slot of so many of it.
    fn repeated(&self, slots: &Slots, rows: usize) -> Result<Slot, BackendError> {
        let mut slot = slots.make(&self.layout, rows)?;
        for (buffer, row) in slot.inputs.iter_mut().zip(&self.inputs) {
            let buffer = buffer.as_mut_slice();
            buffer[..row.len()].copy_from_slice(row);
            repeat_row(buffer, row.len(), 0, 1..rows);
        }
        Ok(slot)
    }
}

impl Worker {
    /// Runs a batch of the smallest size and one of the largest that was run before, before anybody else uses the worker;
    /// whether it is still there. One that does not answer within `timeout` is ended. Without a sample nothing is run.
    pub(crate) fn rehearse(
        &self,
        recipe: &Recipe,
        (sample, slots): (&Sample, &Slots),
        smallest: usize,
        timeout: Duration,
    ) -> bool {
        let Some(row) = sample.row.get() else { return true };
        let largest = Some(sample.rows_max.load(Ordering::Relaxed)).filter(|rows| *rows > smallest);
        let run = |rows: usize| {
            let Ok(slot) = row.repeated(slots, rows) else { return true };
            self.run_unheard(recipe, sample, slots, slot, rows)
        };
        let is_timed = self.bell.set_timeout(Some(timeout)).is_ok();
        let is_there = std::iter::once(smallest).chain(largest).all(run);
        is_there && is_timed && self.bell.set_timeout(None).is_ok()
    }

    fn run_unheard(&self, recipe: &Recipe, sample: &Sample, slots: &Slots, slot: Slot, rows: usize) -> bool {
        let Some(memory) = slots.find(&slot) else { return true };
        self.show(&memory, slot.layout());
        let unheard: Arc<dyn Completions> = Arc::new(Unheard);
        self.submit(BatchId(0), &unheard, Work::Batch { slot, rows, original: None });
        // Its answer is the only one that can come. That the batch fails is for those to see who meant it.
        let answered = self.answered(recipe, sample).is_ok();
        if !answered {
            self.kill(Reason::Interrupted);
        }
        answered
    }
}

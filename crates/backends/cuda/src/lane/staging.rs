use std::sync::{Arc, Mutex, PoisonError};

use phalanx_backend::{BackendError, Slot, SlotOutput};

use super::output_rows;
use crate::error;
use crate::program::Shared;

/// Slots that a lane keeps to copy others to.
const KEPT_MAX: usize = 4;

/// Slots of this program for batches that come in others: those of the backend that ran them before.
#[derive(Clone, Default)]
pub(super) struct Staging(Arc<Mutex<Vec<Slot>>>);

/// A slot of another program whose rows were copied to one of this.
pub(super) struct Staged {
    original: Slot,
    rows: usize,
    staging: Staging,
}

impl Staging {
    /// A slot of this program with the same rows.
    ///
    /// # Errors
    /// The slot that was given, and why there is no other.
    pub(super) fn stage(
        &self,
        program: &Shared,
        original: Slot,
        rows: usize,
    ) -> Result<(Slot, Staged), Box<(Slot, BackendError)>> {
        let mut own = match self.take(program, &original, rows) {
            Ok(own) => own,
            Err(error) => return Err(Box::new((original, error))),
        };
        for (index, spec) in original.layout().inputs.iter().enumerate() {
            let len_bytes = rows * spec.row_bytes;
            let Some(from) = original.inputs[index].as_slice().get(..len_bytes) else {
                let got = original.inputs[index].len();
                let message = format!("expected {len_bytes} bytes of input {index}, got {got}");
                return Err(Box::new((original, error::run(message))));
            };
            own.inputs[index].as_mut_slice()[..len_bytes].copy_from_slice(from);
        }
        Ok((own, Staged { original, rows, staging: self.clone() }))
    }

    fn take(&self, program: &Shared, like: &Slot, rows: usize) -> Result<Slot, BackendError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |slot: &Slot| slot.layout() == like.layout() && slot.rows_max() >= rows;
        if let Some(position) = kept.iter().position(fits) {
            return Ok(kept.swap_remove(position));
        }
        drop(kept);
        program.slot(like.layout(), like.rows_max())
    }
}

impl Staged {
    /// The original with the outputs of the copy, which is kept.
    pub(super) fn copy_back(mut self, mut own: Slot) -> Slot {
        for index in 0..self.original.outputs.len() {
            if let SlotOutput::Dynamic(tensor) = &mut own.outputs[index] {
                self.original.outputs[index] = SlotOutput::Dynamic(tensor.take());
            } else if let (Some(from), SlotOutput::Buffer(to)) =
                (output_rows(&own, index, self.rows), &mut self.original.outputs[index])
            {
                to.as_mut_slice()[..from.len()].copy_from_slice(from);
            }
        }
        let mut kept = self.staging.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(own);
        }
        drop(kept);
        self.original
    }

    pub(super) fn into_original(self) -> Slot {
        self.original
    }
}

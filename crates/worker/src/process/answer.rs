use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{BackendError, Completion, Device, OutputSpec, Slot, SlotOutput};
use phalanx_tensor::{DType, Tensor};

use super::{Reason, Sample, Work, Worker};
use crate::Recipe;
use crate::wire::{Frame, Kind, MESSAGE_BYTES_MAX, WireError, decode, is_closed, receive_tensors};

/// Why no more answers are taken.
pub(super) enum Stop {
    /// The worker has closed its socket: it is about to end, and that says why.
    Closed,
    /// It is ended, for this reason.
    End(Reason),
}

/// The worker sent this instead of an answer to that submission; 0 where it is not known to which.
fn garbage(seq: u64, what: &str) -> Stop {
    Stop::End(Reason::Garbage { seq: Some(seq).filter(|seq| *seq != 0), what: format!("sent {what}") })
}

fn unreadable(seq: u64, error: &std::io::Error) -> Stop {
    if is_closed(error) {
        Stop::Closed
    } else {
        garbage(seq, &format!("an answer that cannot be read ({error})"))
    }
}

impl Worker {
    /// Completes what the worker answers, until it ends or has to be ended. `first` is called at its first answer.
    pub(crate) fn serve(&self, recipe: &Recipe, sample: &Sample, first: impl Fn()) {
        let stop = loop {
            match self.answered(recipe, sample) {
                Ok(()) if self.note_answer() => first(),
                Ok(()) => {}
                Err(stop) => break stop,
            }
        };
        if let Stop::End(reason) = stop {
            self.kill(reason);
        }
    }

    /// Fails a submission of which the worker does not know.
    pub(super) fn fail(&self, seq: u64, error: BackendError) {
        if let Some(entry) = self.flight.leave(seq, |_| true) {
            entry.complete(|work| Completion::Failed(self.unstage(work, false), error));
        }
    }

    /// Takes one answer.
    pub(super) fn answered(&self, recipe: &Recipe, sample: &Sample) -> Result<(), Stop> {
        let frame = self.bell.recv().map_err(|error| unreadable(0, &error))?.ok_or(Stop::Closed)?;
        let (seq, busy) = (frame.seq, Duration::from_nanos(frame.busy_ns));
        let to_nothing = || garbage(seq, "an answer to nothing");
        match frame.kind() {
            Some(Kind::Done) => {
                let tensors = self.tensors(&frame)?;
                let dtypes = |slot: &Slot| dynamic_dtypes(slot).eq(tensors.iter().map(Tensor::dtype));
                let fits = |work: &Work| matches!(work, Work::Batch { slot, .. } if dtypes(slot));
                let entry = self.flight.leave(seq, fits).ok_or_else(to_nothing)?;
                if let Work::Batch { slot, rows, .. } = &entry.work {
                    sample.learn(slot, *rows);
                }
                entry.complete_after(busy, |work| self.done(work, tensors));
            }
            Some(Kind::SingleDone) => {
                let tensors = self.tensors(&frame)?;
                let declared = recipe.model.signature().outputs.iter().map(|output| output.dtype);
                let are_outputs = declared.eq(tensors.iter().map(Tensor::dtype));
                let fits = |work: &Work| matches!(work, Work::Single) && are_outputs;
                let entry = self.flight.leave(seq, fits).ok_or_else(to_nothing)?;
                entry.complete_after(busy, |_| Completion::Single(tensors));
            }
            Some(Kind::Failed) => {
                let error = self.error(&frame, recipe.device)?;
                let entry = self.flight.leave(seq, |_| true).ok_or_else(to_nothing)?;
                entry.complete(|work| Completion::Failed(self.unstage(work, false), error));
            }
            Some(Kind::Lost) => {
                let error = self.error(&frame, recipe.device)?;
                return Err(Stop::End(Reason::Reported { seq, error }));
            }
            _ => return Err(garbage(0, "what is no answer")),
        }
        Ok(())
    }

    fn tensors(&self, frame: &Frame) -> Result<Vec<Tensor>, Stop> {
        if frame.payload_bytes == 0 {
            return Ok(Vec::new());
        }
        receive_tensors(&self.bell, frame).map_err(|error| unreadable(frame.seq, &error))
    }

    fn error(&self, frame: &Frame, device: Device) -> Result<BackendError, Stop> {
        let payload = self.bell.recv_payload(frame, MESSAGE_BYTES_MAX);
        let error = payload.and_then(|payload| decode::<WireError>(&payload));
        let error = error.map_err(|error| unreadable(frame.seq, &error))?;
        Ok(error.into_error(device))
    }

    fn done(&self, mut work: Work, tensors: Vec<Tensor>) -> Completion {
        if let Work::Batch { slot, .. } = &mut work {
            let places = slot.outputs.iter_mut().filter_map(|output| match output {
                SlotOutput::Dynamic(place) => Some(place),
                SlotOutput::Buffer(_) => None,
            });
            places.zip(tensors).for_each(|(place, tensor)| *place = Some(tensor));
        }
        match self.unstage(work, true) {
            Some(slot) => Completion::Done(slot),
            None => Completion::Single(Vec::new()),
        }
    }

    /// The caller's slot, with the outputs where `has_outputs`; the worker's own in its stead is kept.
    fn unstage(&self, work: Work, has_outputs: bool) -> Option<Slot> {
        match work {
            Work::Batch { mut slot, rows, original: Some(mut original) } => {
                if has_outputs {
                    copy_outputs(&mut slot, &mut original, rows);
                }
                self.keep_staged(slot);
                Some(original)
            }
            work => work.into_slot(),
        }
    }
}

/// The dtypes of the outputs whose tensors the worker sends.
fn dynamic_dtypes(slot: &Slot) -> impl Iterator<Item = DType> {
    slot.layout().outputs.iter().filter_map(|output| match output {
        OutputSpec::Dynamic(dtype) => Some(*dtype),
        OutputSpec::Rows(_) => None,
    })
}

fn copy_outputs(from: &mut Slot, to: &mut Slot, rows: usize) {
    let layout = Arc::clone(from.layout());
    for ((from, to), spec) in from.outputs.iter_mut().zip(&mut to.outputs).zip(&layout.outputs) {
        match (from, to, spec) {
            (SlotOutput::Buffer(from), SlotOutput::Buffer(to), OutputSpec::Rows(spec)) => {
                let bytes = (rows * spec.row_bytes).min(to.len());
                to.as_mut_slice()[..bytes].copy_from_slice(&from.as_slice()[..bytes]);
            }
            (SlotOutput::Dynamic(from), SlotOutput::Dynamic(to), _) => *to = from.take(),
            _ => {}
        }
    }
}

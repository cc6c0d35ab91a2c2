use std::sync::Arc;

use phalanx_backend::{BackendError, Completion, Device, OutputSpec, Slot, SlotOutput};
use phalanx_tensor::{DType, Tensor};

use super::{Reason, Work, Worker};
use crate::wire::{Channel, Frame, Kind, MESSAGE_BYTES_MAX, WireError, decode, receive_tensors};

/// Why an answer is none, and the submission it is about.
struct Garbage {
    seq: Option<u64>,
    what: String,
}

impl Worker {
    /// Completes what the worker answers, until it ends or has to be ended. `first` is called at its first answer.
    pub(crate) fn serve(&self, device: Device, first: impl Fn()) {
        loop {
            let frame = match self.bell.recv() {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                Err(error) => {
                    let what = format!("sent half an answer ({error})");
                    return self.kill(Reason::Garbage { seq: None, what });
                }
            };
            match self.answered(&frame, device) {
                Ok(true) => {
                    if self.note_answer() {
                        first();
                    }
                }
                Ok(false) => return,
                Err(Garbage { seq, what }) => return self.kill(Reason::Garbage { seq, what }),
            }
        }
    }

    /// Fails a submission of which the worker does not know.
    pub(super) fn fail(&self, seq: u64, error: BackendError) {
        if let Some(entry) = self.flight.leave(seq, |_| true) {
            entry.complete(|work| Completion::Failed(self.unstage(work, false), error));
        }
    }

    /// Takes one answer; whether the worker goes on.
    fn answered(&self, frame: &Frame, device: Device) -> Result<bool, Garbage> {
        let seq = frame.seq;
        let garbage = |what: &str| Garbage { seq: Some(seq), what: format!("sent {what}") };
        match frame.kind() {
            Some(Kind::Done) => {
                let tensors = self.tensors(frame)?;
                let dtypes = |slot: &Slot| dynamic_dtypes(slot).eq(tensors.iter().map(Tensor::dtype));
                let fits = |work: &Work| matches!(work, Work::Batch { slot, .. } if dtypes(slot));
                let entry = self.flight.leave(seq, fits).ok_or_else(|| garbage("an answer to nothing"))?;
                entry.complete(|work| self.done(work, tensors));
            }
            Some(Kind::SingleDone) => {
                let tensors = self.tensors(frame)?;
                let is_single = |work: &Work| matches!(work, Work::Single);
                let entry =
                    self.flight.leave(seq, is_single).ok_or_else(|| garbage("an answer to nothing"))?;
                entry.complete(|_| Completion::Single(tensors));
            }
            Some(Kind::Failed) => {
                let error = error(&self.bell, frame, device)?;
                let entry =
                    self.flight.leave(seq, |_| true).ok_or_else(|| garbage("an answer to nothing"))?;
                entry.complete(|work| Completion::Failed(self.unstage(work, false), error));
            }
            Some(Kind::Lost) => {
                let error = error(&self.bell, frame, device)?;
                self.kill(Reason::Reported { seq, error });
                return Ok(false);
            }
            _ => return Err(garbage("what is no answer")),
        }
        Ok(true)
    }

    fn tensors(&self, frame: &Frame) -> Result<Vec<Tensor>, Garbage> {
        if frame.payload_bytes == 0 {
            return Ok(Vec::new());
        }
        receive_tensors(&self.bell, frame)
            .map_err(|error| Garbage { seq: Some(frame.seq), what: format!("sent no tensors ({error})") })
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

fn error(bell: &Channel, frame: &Frame, device: Device) -> Result<BackendError, Garbage> {
    let payload = bell.recv_payload(frame, MESSAGE_BYTES_MAX);
    let error = payload.and_then(|payload| decode::<WireError>(&payload));
    let error =
        error.map_err(|error| Garbage { seq: Some(frame.seq), what: format!("sent no error ({error})") });
    error.map(|error| error.into_error(device))
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

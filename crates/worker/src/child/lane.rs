use std::any::Any;
use std::io::{Error, ErrorKind, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};

use phalanx_backend::{BatchId, Lane, Limits};

use super::answers::Answers;
use super::slots::Slots;
use crate::memory::StatusPage;
use crate::wire::{Channel, Frame, Kind, MESSAGE_BYTES_MAX, SlotMessage, decode, receive_tensors};

/// The thread that owns the program's lane.
pub(super) struct Serving<'a> {
    bell: &'a Channel,
    slots: &'a Slots,
    answers: &'a Answers,
    status: &'a StatusPage,
    depth_max: usize,
    /// The lane computes on the thread that submits.
    computes_here: bool,
}

impl<'a> Serving<'a> {
    pub(super) fn new(
        (bell, status): (&'a Channel, &'a StatusPage),
        slots: &'a Slots,
        answers: &'a Answers,
        limits: Limits,
    ) -> Self {
        // A lane that blocks ends each submission before it takes the next.
        let depth_max = if limits.async_submit { limits.depth_max.max(1) } else { usize::MAX };
        Self { bell, slots, answers, status, depth_max, computes_here: !limits.async_submit }
    }

    /// Runs what the bell rings for, until the parent closes it.
    ///
    /// # Errors
    /// Where the parent said what it must not, and what the socket says.
    pub(super) fn run(&self, mut lane: Box<dyn Lane>) -> Result<()> {
        while let Some(frame) = self.bell.recv()? {
            match frame.kind() {
                Some(Kind::Batch) => {
                    let (slot, rows) = self.slots.take(frame.tag, frame.rows)?;
                    self.submit(frame.seq, Some(frame.tag), |batch| lane.submit(batch, slot, rows))?;
                }
                Some(Kind::Single) => {
                    let inputs = receive_tensors(self.bell, &frame)?;
                    self.submit(frame.seq, None, |batch| lane.submit_single(batch, &inputs))?;
                }
                Some(Kind::Slot) => self.show(&frame)?,
                _ => return Err(Error::new(ErrorKind::InvalidData, "expected something to run")),
            }
        }
        self.answers.wait_for_all();
        Ok(())
    }

    fn show(&self, frame: &Frame) -> Result<()> {
        let (payload, descriptors) = self.bell.recv_descriptors(frame, MESSAGE_BYTES_MAX)?;
        self.slots.show(frame.tag, decode::<SlotMessage>(&payload)?, &descriptors)
    }

    fn submit(&self, seq: u64, tag: Option<u64>, run: impl FnOnce(BatchId)) -> Result<()> {
        self.answers.begin(seq, tag, self.depth_max);
        if self.computes_here {
            self.status.compute_here();
        }
        catch_unwind(AssertUnwindSafe(|| run(BatchId(seq)))).or_else(|panic| {
            let message = panic_message(panic.as_ref());
            self.answers.panicked(seq, message.clone())?;
            Err(Error::other(format!("the backend panicked: {message}")))
        })
    }
}

/// What a panic said.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

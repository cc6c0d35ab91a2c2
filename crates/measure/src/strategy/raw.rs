use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_backend::{Program, Slot};

use super::{Io, Label, Parameters, Strategy, Window};
use crate::samples::read_back_all;
use crate::{MeasureError, Samples, WaitedLane};

/// Distinct slots that take turns, so that no batch finds its inputs in the cache where the one before left them.
const SLOTS: usize = 4;

/// The backend's own ceiling: a loop over one lane on inputs drawn beforehand, with nothing of the engine around it.
///
/// Every batch is waited for and its outputs are copied out before the next is submitted.
pub struct Raw {
    lane: Rc<RefCell<WaitedLane>>,
    samples: Samples,
    rows: usize,
    work: Work,
    answers: Vec<u8>,
    io: Io,
    /// The sample that the next batch begins with, where its rows are copied.
    next: usize,
}

enum Work {
    /// Batches of rows, in slots of this many.
    Batches { slots: VecDeque<Slot>, bucket: usize },
    /// Whole requests, from this sample on.
    Singles { next: usize },
}

impl Raw {
    /// Batches of `rows` samples on `lane`, which is one of `program`'s. A model without a batch axis runs one sample
    /// at a time.
    ///
    /// # Errors
    /// [`MeasureError::Option`] for more rows than the program runs at once, and what the backend gives.
    pub fn new(
        program: &dyn Program,
        lane: &Rc<RefCell<WaitedLane>>,
        samples: &Samples,
        rows: usize,
    ) -> Result<Self, MeasureError> {
        let work =
            if samples.batched() { batches(program, samples, rows)? } else { Work::Singles { next: 0 } };
        let rows = if samples.batched() { rows } else { 1 };
        Ok(Self {
            lane: Rc::clone(lane),
            samples: samples.clone(),
            rows,
            work,
            answers: Vec::new(),
            io: Io::Resident,
            next: 0,
        })
    }

    /// Copies the rows of each batch from where a caller has them, or leaves those that are there, as it does unless
    /// said otherwise.
    #[must_use]
    pub fn io(self, io: Io) -> Self {
        Self { io, ..self }
    }

    fn batch(&mut self) -> Result<(), MeasureError> {
        let mut lane = self.lane.borrow_mut();
        match &mut self.work {
            Work::Batches { slots, bucket } => {
                let mut slot = slots.pop_front().ok_or_else(MeasureError::lost_slot)?;
                if self.io == Io::Host {
                    self.samples.gather(self.next, *bucket, &mut slot);
                    self.next += *bucket;
                }
                let slot = lane.run(slot, *bucket)?;
                read_back_all(&slot, self.rows, &mut self.answers);
                slots.push_back(slot);
            }
            Work::Singles { next } => {
                let outputs = lane.run_single(self.samples.get(*next))?;
                *next += 1;
                self.answers.clear();
                outputs.iter().for_each(|output| self.answers.extend_from_slice(output.bytes()));
            }
        }
        std::hint::black_box(&self.answers);
        Ok(())
    }
}

fn batches(program: &dyn Program, samples: &Samples, rows: usize) -> Result<Work, MeasureError> {
    let bucket = program.buckets().fit(rows).filter(|_| rows > 0).ok_or_else(|| MeasureError::Option {
        option: "batches",
        expected: "row counts that the program can run",
        got: format!("{rows}, it runs up to {}", program.buckets().max()),
    })?;
    let layout = Arc::new(program.layout(&samples.tails())?);
    let slot = |index: usize| {
        let mut slot = program.slot(&layout, bucket)?;
        samples.gather(index * bucket, bucket, &mut slot);
        Ok(slot)
    };
    let slots = (0..SLOTS).map(slot).collect::<Result<_, MeasureError>>()?;
    Ok(Work::Batches { slots, bucket })
}

impl Strategy for Raw {
    fn label(&self) -> Label {
        Label {
            strategy: "raw",
            parameters: Parameters::default().scaled("batch", self.rows),
            n: self.rows,
            in_flight: Some(self.rows),
            batch: Some(self.rows),
            waiting: "on one lane, each batch is waited for and copied out before the next is submitted",
            ..Label::default()
        }
    }

    fn window(&mut self, length: Duration) -> Result<Window, MeasureError> {
        let mut window = Window::default();
        let start = Instant::now();
        let mut sent = start;
        let mut batches = 0_u64;
        while window.elapsed < length {
            self.batch()?;
            let answered = Instant::now();
            window.latencies.record(answered - sent);
            window.elapsed = answered - start;
            sent = answered;
            batches += 1;
        }
        window.samples = batches * self.rows as u64;
        window.batches.insert(self.rows, batches);
        Ok(window)
    }
}

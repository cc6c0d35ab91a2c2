use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use phalanx_backend::{BatchId, Layout, OutputSpec, Program, Slot};

use super::{Order, Window};
use crate::answers::{Answers, CHECK_EVERY};
use crate::samples::{read_back, read_back_all};
use crate::strategy::{Io, Rule};
use crate::{MeasureError, Samples, WaitedLane};

/// Distinct slots that resident inputs take turns in, so that no batch finds its inputs in the cache where the one
/// before left them.
const RESIDENT_SLOTS: usize = 4;

/// A thread of a crew, from inside: a lane, buffers, and what to send.
pub(super) struct Seat {
    lane: WaitedLane,
    program: Arc<dyn Program>,
    layout: Option<Arc<Layout>>,
    samples: Samples,
    answers: Arc<Answers>,
    /// The sample that the next batch begins with.
    next: usize,
    idle: VecDeque<Held>,
    /// What the slots were made for.
    made_for: Option<Order>,
    copied: Vec<u8>,
}

/// A slot, and the sample its first row holds.
struct Held {
    slot: Slot,
    first: usize,
}

/// A batch on the lane.
struct Flight {
    batch: BatchId,
    sent: Instant,
    first: usize,
    /// Whether its results are read back.
    is_read: bool,
}

impl Seat {
    /// Opens a lane on the calling thread. Seats of different `index` start with different samples.
    pub(super) fn open(
        program: Arc<dyn Program>,
        samples: Samples,
        answers: Arc<Answers>,
        index: usize,
    ) -> Result<Self, MeasureError> {
        let layout = if samples.batched() { Some(Arc::new(program.layout(&samples.tails())?)) } else { None };
        let lane = WaitedLane::open(&*program)?;
        let (idle, made_for, copied) = (VecDeque::new(), None, Vec::new());
        Ok(Self { lane, program, layout, samples, answers, next: index, idle, made_for, copied })
    }

    /// Runs batches between two instants, at least one. The last answer may come after the second: it counts, and so
    /// does its time.
    pub(super) fn work(
        &mut self,
        order: &Order,
        start: Instant,
        end: Instant,
    ) -> Result<Window, MeasureError> {
        let mut window = Window::default();
        match self.layout.clone() {
            None => self.singles(order, end, &mut window)?,
            Some(layout) => self.batches(order, &layout, end, &mut window)?,
        }
        window.elapsed = start.elapsed();
        Ok(window)
    }

    fn singles(&mut self, order: &Order, end: Instant, window: &mut Window) -> Result<(), MeasureError> {
        let mut sent = Instant::now();
        loop {
            let sample = self.next;
            self.next += 1;
            let outputs = self.lane.run_single(self.samples.get(sample))?;
            self.copied.clear();
            outputs.iter().for_each(|output| self.copied.extend_from_slice(output.bytes()));
            if window.samples.is_multiple_of(CHECK_EVERY) {
                let error = self.answers.check_joined(order.strategy, sample, &self.copied)?;
                window.error_max = window.error_max.max(error);
                window.checked += 1;
            }
            window.samples += 1;
            let answered = Instant::now();
            window.latencies.record(answered - sent);
            sent = answered;
            if sent >= end {
                window.batches.insert(1, window.samples);
                return Ok(());
            }
        }
    }

    fn batches(
        &mut self,
        order: &Order,
        layout: &Arc<Layout>,
        end: Instant,
        window: &mut Window,
    ) -> Result<(), MeasureError> {
        let bucket = self.bucket(order.rows)?;
        let limits = self.program.limits();
        let lane_max = if limits.async_submit { limits.depth_max.max(1) } else { usize::MAX };
        let capacity = order.depth.max(order.rule.batches()).clamp(1, lane_max);
        self.prepare(order, layout, bucket, capacity)?;
        let mut flights: VecDeque<Flight> = VecDeque::with_capacity(capacity);
        let mut batches = 0_u64;
        loop {
            let sent = Instant::now();
            let held = self.slot(order, layout, bucket)?;
            batches += 1;
            let is_read = batches.is_multiple_of(order.rule.batches() as u64);
            let first = held.first;
            let batch = self.lane.submit(held.slot, bucket);
            flights.push_back(Flight { batch, sent, first, is_read });
            let is_over = Instant::now() >= end;
            // The last batch is always read back: a figure counts when its results have been.
            if is_over && let Some(last) = flights.back_mut() {
                last.is_read = true;
            }
            let waits_for_all = is_over || (order.rule != Rule::Each && is_read);
            while flights.len() >= capacity || (waits_for_all && !flights.is_empty()) {
                let Some(flight) = flights.pop_front() else { break };
                self.land(&flight, order, bucket, window)?;
            }
            if is_over {
                window.samples = batches * order.rows as u64;
                window.batches.insert(order.rows, batches);
                return Ok(());
            }
        }
    }

    fn bucket(&self, rows: usize) -> Result<usize, MeasureError> {
        let fit = self.program.buckets().fit(rows).filter(|_| rows > 0);
        fit.ok_or_else(|| MeasureError::Option {
            option: "batches",
            expected: "row counts that the program can run",
            got: format!("{rows}, it runs up to {}", self.program.buckets().max()),
        })
    }

    /// Makes the slots that the batches of this order use in turn.
    fn prepare(
        &mut self,
        order: &Order,
        layout: &Arc<Layout>,
        bucket: usize,
        capacity: usize,
    ) -> Result<(), MeasureError> {
        if self.made_for == Some(*order) {
            return Ok(());
        }
        self.idle.clear();
        self.made_for = Some(*order);
        let slots = match order.io {
            _ if order.fresh => 0,
            Io::Host => capacity,
            Io::Resident => capacity.max(RESIDENT_SLOTS),
        };
        for _ in 0..slots {
            let held = self.filled(layout, bucket)?;
            self.idle.push_back(held);
        }
        Ok(())
    }

    /// The slot of the next batch, with its rows in it.
    fn slot(&mut self, order: &Order, layout: &Arc<Layout>, bucket: usize) -> Result<Held, MeasureError> {
        if order.fresh {
            return self.filled(layout, bucket);
        }
        let mut held = self.idle.pop_front().ok_or_else(MeasureError::lost_slot)?;
        if order.io == Io::Host {
            held.first = self.take(bucket);
            self.samples.gather(held.first, bucket, &mut held.slot);
        }
        Ok(held)
    }

    fn filled(&mut self, layout: &Arc<Layout>, bucket: usize) -> Result<Held, MeasureError> {
        let mut slot = self.program.slot(layout, bucket)?;
        let first = self.take(bucket);
        self.samples.gather(first, bucket, &mut slot);
        Ok(Held { slot, first })
    }

    fn take(&mut self, rows: usize) -> usize {
        let first = self.next;
        self.next += rows;
        first
    }

    /// Waits for a batch, and reads it back where the rule says so.
    fn land(
        &mut self,
        flight: &Flight,
        order: &Order,
        bucket: usize,
        window: &mut Window,
    ) -> Result<(), MeasureError> {
        let slot = self.lane.wait(flight.batch)?;
        if flight.is_read {
            read_back_all(&slot, order.rows, &mut self.copied);
            std::hint::black_box(&self.copied);
        }
        window.latencies.record(flight.sent.elapsed());
        if flight.is_read && window.reads.is_multiple_of(CHECK_EVERY) {
            self.check(&slot, flight.first, order.strategy, bucket, window)?;
        }
        window.reads += u64::from(flight.is_read);
        if !order.fresh {
            self.idle.push_back(Held { slot, first: flight.first });
        }
        Ok(())
    }

    /// Compares the first row of a batch with what it must be.
    fn check(
        &mut self,
        slot: &Slot,
        first: usize,
        strategy: &'static str,
        bucket: usize,
        window: &mut Window,
    ) -> Result<(), MeasureError> {
        for (index, spec) in slot.layout().outputs.iter().enumerate() {
            self.copied.clear();
            read_back(slot, index, 1, &mut self.copied);
            let row = match spec {
                OutputSpec::Rows(_) => &self.copied[..],
                OutputSpec::Dynamic(_) => &self.copied[..self.copied.len() / bucket],
            };
            window.error_max = window.error_max.max(self.answers.check(strategy, first, index, row)?);
        }
        window.checked += 1;
        Ok(())
    }
}

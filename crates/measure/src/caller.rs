use std::sync::Arc;
use std::time::Instant;

use phalanx_backend::{Program, Slot};

use crate::answers::Answers;
use crate::samples::read_back_all;
use crate::strategy::Window;
use crate::{MeasureError, Samples, WaitedLane};

/// Answers compared: the first, and every one after this many more.
pub(crate) const CHECK_EVERY: u64 = 61;

/// A caller that runs the model itself, one sample at a time.
pub(crate) struct DirectCaller {
    lane: WaitedLane,
    slot: Option<(Slot, usize)>,
    samples: Samples,
    answers: Arc<Answers>,
    next: usize,
}

impl DirectCaller {
    /// Opens a lane on the calling thread. Callers of different `index` start with different samples.
    pub(crate) fn open(
        program: &dyn Program,
        samples: Samples,
        answers: Arc<Answers>,
        index: usize,
    ) -> Result<Self, MeasureError> {
        let slot = if samples.batched() {
            let bucket = program.buckets().fit(1).unwrap_or(1);
            let layout = Arc::new(program.layout(&samples.tails())?);
            Some((program.slot(&layout, bucket)?, bucket))
        } else {
            None
        };
        Ok(Self { lane: WaitedLane::open(program)?, slot, samples, answers, next: index })
    }

    /// Asks again and again between two instants. The last answer may come after the second: it counts, and so does
    /// its time.
    pub(crate) fn call_until(&mut self, start: Instant, end: Instant) -> Result<Window, MeasureError> {
        let mut window = Window::default();
        let mut copied = Vec::new();
        let mut sent = Instant::now();
        while sent < end {
            self.call(&mut copied, &mut window)?;
            let answered = Instant::now();
            window.latencies.record(answered - sent);
            window.samples += 1;
            window.elapsed = answered - start;
            sent = answered;
        }
        window.batches.insert(1, window.samples);
        Ok(window)
    }

    fn call(&mut self, copied: &mut Vec<u8>, window: &mut Window) -> Result<(), MeasureError> {
        let sample = self.next;
        self.next += 1;
        match self.slot.take() {
            Some((mut slot, bucket)) => {
                self.samples.gather(sample, bucket, &mut slot);
                slot = self.lane.run(slot, bucket)?;
                read_back_all(&slot, 1, copied);
                self.slot = Some((slot, bucket));
            }
            None => {
                let outputs = self.lane.run_single(self.samples.get(sample))?;
                copied.clear();
                outputs.iter().for_each(|output| copied.extend_from_slice(output.bytes()));
            }
        }
        if window.samples.is_multiple_of(CHECK_EVERY) {
            window.error_max = window.error_max.max(self.answers.check_joined("threads", sample, copied)?);
            window.checked += 1;
        }
        std::hint::black_box(copied);
        Ok(())
    }
}

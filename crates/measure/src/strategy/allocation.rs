use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_backend::{Layout, Program};
use phalanx_engine::SlotPool;

use super::{Label, Parameters, Rule, Strategy, Window};
use crate::{MeasureError, Samples};

/// Bytes that the pool may keep: no slot is ever dropped for want of room.
const POOL_BYTES_MAX: usize = usize::MAX;

/// Where the buffers of a batch come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Made for it.
    Fresh,
    /// The engine's pool.
    Pool,
}

/// Getting the buffers of a batch and giving them back, without running it: raw allocation, by one thread or several at
/// once. A sample of its rows is one such round.
pub struct Allocation {
    program: Arc<dyn Program>,
    layout: Arc<Layout>,
    pool: Arc<SlotPool>,
    source: Source,
    rows: usize,
    threads: usize,
}

impl Allocation {
    /// Slots for `rows` rows like these samples', by so many threads.
    ///
    /// # Errors
    /// What the backend gives.
    pub fn new(
        program: &Arc<dyn Program>,
        samples: &Samples,
        source: Source,
        rows: usize,
        threads: usize,
    ) -> Result<Self, MeasureError> {
        let layout = Arc::new(program.layout(&samples.tails())?);
        let pool = SlotPool::new(Arc::clone(program), rows, POOL_BYTES_MAX);
        Ok(Self { program: Arc::clone(program), layout, pool, source, rows, threads })
    }

    fn rounds(&self, end: Instant) -> Result<Window, MeasureError> {
        let mut window = Window::default();
        let mut begin = Instant::now();
        while begin < end {
            match self.source {
                Source::Fresh => drop(std::hint::black_box(self.program.slot(&self.layout, self.rows)?)),
                Source::Pool => drop(std::hint::black_box(self.pool.acquire(&self.layout)?)),
            }
            let done = Instant::now();
            window.latencies.record(done - begin);
            window.samples += 1;
            begin = done;
        }
        Ok(window)
    }
}

impl Strategy for Allocation {
    fn label(&self) -> Label {
        let buffers = match self.source {
            Source::Fresh => "fresh",
            Source::Pool => "pooled",
        };
        let parameters = Parameters::default().with("buffers", buffers).with("rows", self.rows);
        Label {
            strategy: "pooled",
            parameters: parameters.with("run", "no").scaled("threads", self.threads),
            n: self.threads,
            rule: Rule::Nothing,
            waiting: "without a run, buffers are only taken and given back: a sample is one such round",
            ..Label::default()
        }
    }

    fn window(&mut self, length: Duration) -> Result<Window, MeasureError> {
        let this = &*self;
        let begin = Instant::now();
        let mut window = Window::default();
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..this.threads).map(|_| scope.spawn(move || this.rounds(begin + length))).collect();
            for thread in threads {
                let panicked = |_| Err(MeasureError::Thread { message: "it panicked".to_owned() });
                window.merge(&thread.join().unwrap_or_else(panicked)?);
            }
            Ok::<(), MeasureError>(())
        })?;
        window.elapsed = begin.elapsed();
        Ok(window)
    }
}

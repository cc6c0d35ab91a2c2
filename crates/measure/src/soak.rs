use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_engine::Engine;

use crate::answers::Answers;
use crate::latencies::Latencies;
use crate::load::{Among, Answered, Load, Tally};
use crate::report::Row;
use crate::{MeasureError, Samples, resident_bytes};

/// Requests after which memory is first looked at: pools and histograms have their size by then.
const SETTLED_REQUESTS: u64 = 100_000;

/// Answers between two looks at whether to go on.
const WATCH_EVERY: u64 = 1 << 14;

/// How a soak is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soak {
    /// Concurrent callers.
    pub callers: usize,
    /// Requests to send.
    pub requests: u64,
}

impl Soak {
    /// Sends the requests and says how much resident memory grew between the first 100,000 of them (or the first
    /// half, where there are fewer) and the last. `watch` is told how many were answered, and ends it with a break.
    ///
    /// # Errors
    /// What the engine gives, wrong answers, and [`MeasureError::Interrupted`] after a break.
    pub fn run(
        &self,
        engine: &Engine,
        samples: &Samples,
        answers: &Arc<Answers>,
        watch: impl FnMut(u64) -> ControlFlow<()> + 'static,
    ) -> Result<Row, MeasureError> {
        let settled = SETTLED_REQUESTS.min(self.requests / 2);
        let load = Load {
            strategy: "soak",
            engine: engine.clone(),
            samples: samples.clone(),
            answers: Arc::clone(answers),
            callers: self.callers,
            wait_every: 1,
            among: Among::only(self.callers),
        };
        let before = engine.metrics();
        let tally = load.drive(SoakTally {
            begin: Instant::now(),
            settled,
            requests: self.requests,
            answered: 0,
            checked: 0,
            error_max: 0.0,
            latencies: Latencies::default(),
            resident: [None; 2],
            elapsed: Duration::ZERO,
            interrupted: false,
            watch: Box::new(watch),
        })?;
        if tally.interrupted {
            return Err(MeasureError::Interrupted);
        }
        let after = engine.metrics();
        Ok(self
            .row(&tally, (after.rows - before.rows) as f64 / (after.batches - before.batches).max(1) as f64))
    }

    fn row(&self, tally: &SoakTally, batch_mean: f64) -> Row {
        let resident = tally.resident[0].zip(tally.resident[1]);
        Row {
            strategy: "soak",
            callers: Some(self.callers),
            samples_per_s: Some(tally.answered as f64 / tally.elapsed.as_secs_f64()),
            windows: 1,
            p50_us: tally.latencies.quantile_us(0.5),
            p99_us: tally.latencies.quantile_us(0.99),
            batch_mean: Some(batch_mean),
            samples: tally.answered,
            checked: tally.checked,
            error_max: (tally.checked > 0).then_some(tally.error_max),
            resident_after_requests: Some([tally.settled, tally.requests]),
            resident_bytes: resident.map(|(first, last)| [first, last]),
            resident_growth_bytes: resident.map(|(first, last)| last.cast_signed() - first.cast_signed()),
            waiting: "each caller waits for its answer before it sends its next request",
            ..Row::default()
        }
    }
}

struct SoakTally {
    begin: Instant,
    settled: u64,
    requests: u64,
    answered: u64,
    checked: u64,
    error_max: f64,
    latencies: Latencies,
    resident: [Option<u64>; 2],
    elapsed: Duration,
    interrupted: bool,
    watch: Box<dyn FnMut(u64) -> ControlFlow<()>>,
}

impl Tally for SoakTally {
    fn answered(&mut self, answer: Answered) -> ControlFlow<()> {
        if self.answered == self.requests {
            return ControlFlow::Break(());
        }
        self.answered += 1;
        if let Some(error) = answer.error {
            self.checked += 1;
            self.error_max = self.error_max.max(error);
        }
        self.latencies.record(answer.answered - answer.sent);
        if self.answered == self.settled {
            self.resident[0] = resident_bytes();
        }
        if self.answered == self.requests {
            self.elapsed = self.begin.elapsed();
            self.resident[1] = resident_bytes();
            return ControlFlow::Break(());
        }
        if self.answered.is_multiple_of(WATCH_EVERY) && (self.watch)(self.answered).is_break() {
            self.interrupted = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

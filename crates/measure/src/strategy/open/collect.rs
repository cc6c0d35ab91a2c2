use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_engine::{EngineError, Infer, Response};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{JoinError, JoinSet, LocalSet};

use crate::MeasureError;
use crate::answers::{Answers, CHECK_EVERY};
use crate::strategy::Window;

/// A request that was sent.
pub(super) struct Sent {
    pub(super) sample: usize,
    pub(super) due: Instant,
    pub(super) infer: Infer,
}

/// How one ended.
struct Ended {
    sample: usize,
    latency: Duration,
    answer: Result<Response, EngineError>,
}

/// Waits for all answers at once, on the calling thread.
pub(super) struct Collector {
    pub(super) answers: Arc<Answers>,
    pub(super) slo: Duration,
}

impl Collector {
    /// Until nothing more is sent and all that was is answered.
    pub(super) fn collect(&self, mut sent: UnboundedReceiver<Sent>) -> Result<Window, MeasureError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| MeasureError::Thread { message: error.to_string() })?;
        let mut window = Window::default();
        let tasks = LocalSet::new();
        runtime.block_on(tasks.run_until(async {
            let mut waiting: JoinSet<Ended> = JoinSet::new();
            while let Some(Sent { sample, due, infer }) = sent.recv().await {
                window.offered += 1;
                waiting.spawn_local(async move {
                    let answer = infer.await;
                    Ended { sample, latency: due.elapsed(), answer }
                });
                while let Some(ended) = waiting.try_join_next() {
                    self.count(ended, &mut window)?;
                }
            }
            while let Some(ended) = waiting.join_next().await {
                self.count(ended, &mut window)?;
            }
            Ok::<(), MeasureError>(())
        }))?;
        Ok(window)
    }

    fn count(&self, ended: Result<Ended, JoinError>, window: &mut Window) -> Result<(), MeasureError> {
        let ended = ended.map_err(|error| MeasureError::Thread { message: error.to_string() })?;
        let response = match ended.answer {
            Ok(response) => response,
            Err(EngineError::QueueFull { .. } | EngineError::DeadlineExceeded { .. }) => {
                window.refused += 1;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        window.latencies.record(ended.latency);
        let is_checked = window.latencies.count().is_multiple_of(CHECK_EVERY);
        for (output, view) in (0..).map_while(|output| Some((output, response.output(output)?))) {
            if is_checked {
                let error = self.answers.check("policy", ended.sample, output, view.bytes)?;
                window.error_max = window.error_max.max(error);
            }
            std::hint::black_box(view.bytes);
        }
        window.checked += u64::from(is_checked);
        if ended.latency <= self.slo {
            window.samples += 1;
        } else {
            window.late += 1;
        }
        Ok(())
    }
}

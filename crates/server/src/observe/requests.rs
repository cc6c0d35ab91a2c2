use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use phalanx_engine::Timing;
use tracing::Span;

use super::logs::is_tracing;
use crate::ServeError;
use crate::serving::Served;

/// The least time between two warnings of one kind.
const WARNING_EVERY_MS: u64 = 1000;

/// What is said of requests in the log, with no more warnings than somebody can read.
#[derive(Debug)]
pub(crate) struct Requests {
    start: Instant,
    overloaded: Limiter,
    too_late: Limiter,
    failed: Limiter,
}

impl Default for Requests {
    fn default() -> Self {
        let [overloaded, too_late, failed] = Default::default();
        Self { start: Instant::now(), overloaded, too_late, failed }
    }
}

impl Requests {
    /// A request was answered with outputs.
    pub(crate) fn answered(&self, served: &Served, rows: usize, timing: Timing, total: Duration) {
        if served.options.slo.is_some_and(|slo| total > slo) {
            served.statistics.late();
        }
        let (queue_us, compute_us) = (timing.queue.as_micros() as u64, timing.compute.as_micros() as u64);
        tracing::debug!(
            model = %served.name,
            version = %served.version,
            rows,
            batch_rows = timing.batch_rows,
            queue_us,
            compute_us,
            total_us = total.as_micros() as u64,
            "answered"
        );
        if is_tracing() {
            let span = Span::current();
            record_model(&span, served);
            // Signed, since a collector has no other numbers.
            span.record("rows", rows as i64);
            span.record("batch_rows", timing.batch_rows as i64);
            span.record("queue_us", queue_us as i64);
            span.record("compute_us", compute_us as i64);
        }
    }

    /// A request was answered with an error.
    pub(crate) fn refused(&self, served: &Served, error: &ServeError) {
        tracing::debug!(model = %served.name, version = %served.version, %error, "refused");
        if is_tracing() {
            record_model(&Span::current(), served);
        }
        let limiter = match error {
            ServeError::Overloaded { .. } => &self.overloaded,
            ServeError::TooLate { .. } => &self.too_late,
            ServeError::Failed { .. } | ServeError::Poisonous { .. } => &self.failed,
            // The client's own doing, or said elsewhere.
            _ => return,
        };
        if let Some(held_back) = limiter.pass(self.start.elapsed().as_millis() as u64) {
            tracing::warn!(model = %served.name, version = %served.version, %error, held_back, "a request was refused");
        }
    }
}

fn record_model(span: &Span, served: &Served) {
    span.record("model", served.name.as_str());
    span.record("version", served.version.as_str());
}

/// Lets one through, then none for a while.
#[derive(Debug, Default)]
struct Limiter {
    /// From when on the next passes.
    next_ms: AtomicU64,
    held_back: AtomicU64,
}

impl Limiter {
    /// Whether one passes now, and how many were held back since the last that did.
    fn pass(&self, now_ms: u64) -> Option<u64> {
        let next_ms = self.next_ms.load(Ordering::Relaxed);
        let later_ms = now_ms + WARNING_EVERY_MS;
        let passes = now_ms >= next_ms
            && self.next_ms.compare_exchange(next_ms, later_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if passes {
            return Some(self.held_back.swap(0, Ordering::Relaxed));
        }
        self.held_back.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_warning_a_second_says_how_many_were_held_back() {
        let limiter = Limiter::default();
        assert_eq!(limiter.pass(5), Some(0));
        assert_eq!((limiter.pass(5), limiter.pass(1004)), (None, None));
        assert_eq!(limiter.pass(1005), Some(2));
        assert_eq!(limiter.pass(1006), None);
        assert_eq!(limiter.pass(9000), Some(1));
    }
}

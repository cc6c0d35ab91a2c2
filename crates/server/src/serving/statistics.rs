use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use phalanx_engine::Timing;

use super::{Times, TimesSnapshot};
use crate::ServeError;

/// What a served model has answered.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    rows: AtomicU64,
    late: AtomicU64,
    failed: AtomicU64,
    failed_ns: AtomicU64,
    refused: [AtomicU64; REASONS.len()],
    last_inference_ms: AtomicU64,
    queue: Times,
    compute: Times,
    total: Times,
}

/// Why requests were not run.
const REASONS: [&str; 4] = ["overloaded", "too_late", "invalid", "stopping"];

/// What has been counted until now.
#[derive(Clone, Debug)]
pub(crate) struct Totals {
    pub(crate) rows: u64,
    /// Requests answered with outputs, but later than callers are promised.
    pub(crate) late: u64,
    /// Requests that were to be run and gave no outputs.
    pub(crate) failed: u64,
    pub(crate) failed_ns: u64,
    /// Requests that were not run, by reason.
    pub(crate) refused: [(&'static str, u64); REASONS.len()],
    /// Since 1970; 0 before the first.
    pub(crate) last_inference_ms: u64,
    /// From admission until the batch left.
    pub(crate) queue: TimesSnapshot,
    /// From then until it had finished.
    pub(crate) compute: TimesSnapshot,
    /// From the last byte of the request to the answer.
    pub(crate) total: TimesSnapshot,
}

impl Statistics {
    /// A request was answered with outputs.
    pub(crate) fn answered(&self, rows: usize, timing: Timing, total: Duration) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.queue.record(timing.queue);
        self.compute.record(timing.compute);
        self.total.record(total);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_inference_ms.store(now.as_millis() as u64, Ordering::Relaxed);
    }

    /// A request was answered with outputs, but later than callers are promised.
    pub(crate) fn late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was answered with `error`.
    pub(crate) fn refused(&self, error: &ServeError, total: Duration) {
        let reason = match error {
            ServeError::Overloaded { .. } => 0,
            ServeError::TooLate { .. } => 1,
            ServeError::Stopping => 3,
            ServeError::Failed { .. } => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                self.failed_ns.fetch_add(total.as_nanos() as u64, Ordering::Relaxed);
                return;
            }
            _ => 2,
        };
        self.refused[reason].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn totals(&self) -> Totals {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            rows: load(&self.rows),
            late: load(&self.late),
            failed: load(&self.failed),
            failed_ns: load(&self.failed_ns),
            refused: std::array::from_fn(|reason| (REASONS[reason], load(&self.refused[reason]))),
            last_inference_ms: load(&self.last_inference_ms),
            queue: self.queue.snapshot(),
            compute: self.compute.snapshot(),
            total: self.total.snapshot(),
        }
    }
}

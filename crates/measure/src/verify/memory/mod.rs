//! Level 4: memory stops growing, however long an engine is asked and in however many shapes.

mod growth;
mod load;
mod shapes;
mod trace;

use std::time::Duration;

use super::book::Book;
use super::{Level, Plan, Subject};
use crate::MeasureError;

/// Bytes of a megabyte.
const MEGABYTE: f64 = 1e6;

/// How long memory is looked at, and how much it may grow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// Requests that are sent.
    pub iterations: u64,
    /// How long requests are sent instead; then memory must be certain to grow by less than a megabyte an hour.
    pub duration: Option<Duration>,
    /// Concurrent callers.
    pub callers: usize,
    /// Megabytes (10⁶ bytes) that the process may grow by.
    pub growth_mb_max: f64,
    /// Different shapes of requests.
    pub shapes: usize,
    /// Batches in which they are sent, round and round.
    pub shape_batches: usize,
    /// How long sending them may take; whatever it takes where there is no limit.
    pub shapes_budget: Option<Duration>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            iterations: 10_000,
            duration: None,
            callers: 16,
            growth_mb_max: 100.0,
            shapes: 1000,
            shape_batches: 2000,
            shapes_budget: Some(Duration::from_secs(20)),
        }
    }
}

/// Steps that each candidate takes.
pub(super) const STEPS: u64 = 2 * (trace::POINTS as u64 + 1);

pub(super) fn verify(plan: &Plan, subject: &Subject, book: &mut Book<'_>) -> Result<(), MeasureError> {
    let level = Level::Memory;
    for candidate in plan.candidates(std::slice::from_ref(subject)) {
        if super::unsupported(plan, level, &candidate, book) {
            book.pass_over(STEPS);
            continue;
        }
        let name = candidate.to_string();
        let mut trace = None;
        book.check(level, "resident memory", &name, |page| {
            let seen = growth::send(plan, &candidate, page)?;
            let finding = growth::resident(&seen, &plan.memory);
            trace = Some(seen);
            Ok(finding)
        })?;
        if let Some(seen) = trace {
            book.note(level, "device memory", &name, growth::device(&seen, &plan.memory), 0.0);
        }
        book.check(level, "shapes", &name, |page| shapes::shapes(plan, &candidate, page))?;
    }
    Ok(())
}

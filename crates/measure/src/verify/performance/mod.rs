//! Level 3: an engine is as fast as it was promised, as fast as it has been, and faster for its batches.

mod baseline;
mod figures;
mod gains;
mod targets;

pub use baseline::{Baseline, BaselineError};
pub use figures::Figures;

use std::collections::BTreeMap;
use std::time::Duration;

use self::figures::measure;
use super::book::Book;
use super::finding::Finding;
use super::{Level, Plan, Subject};
use crate::MeasureError;

/// What is expected, and how it is measured.
#[derive(Clone, Debug)]
pub struct Performance {
    /// Runs, each with an engine of its own: what they differ by is the noise that differences are held against.
    pub runs: usize,
    /// Length of each measuring window.
    pub window: Duration,
    /// Concurrent callers.
    pub callers: usize,
    /// Samples a second that callers have to reach.
    pub throughput_min: Option<f64>,
    /// Milliseconds that 99 % of the answers may take at most.
    pub p99_ms_max: Option<f64>,
    /// What has been measured before.
    pub baseline: Option<Baseline>,
}

impl Default for Performance {
    fn default() -> Self {
        Self {
            runs: 5,
            window: Duration::from_millis(500),
            callers: 64,
            throughput_min: None,
            p99_ms_max: None,
            baseline: None,
        }
    }
}

/// Verifies what the plan asks for, and gives what was measured by the name of each candidate. Only a subject that
/// serves is held to the targets, and has to gain by batches and depth; one that would stand in for it is as fast as it
/// is, which must not change.
pub(super) fn verify(
    plan: &Plan,
    subject: &Subject,
    serves: bool,
    book: &mut Book<'_>,
) -> Result<BTreeMap<String, Figures>, MeasureError> {
    let level = Level::Performance;
    let mut all = BTreeMap::new();
    for candidate in plan.candidates(std::slice::from_ref(subject)) {
        if super::unsupported(plan, level, &candidate, book) {
            book.pass_over(plan.performance.runs as u64 + 1);
            continue;
        }
        let name = candidate.to_string();
        let mut measured = None;
        book.check(level, "measure", &name, |page| {
            let figures = measure(plan, &candidate, page)?;
            let finding = figures.finding(plan.performance.callers);
            measured = Some(figures);
            Ok(finding)
        })?;
        let Some(figures) = measured else { continue };
        let performance = &plan.performance;
        let mut note = |check: &str, finding: Finding| book.note(level, check, &name, finding, 0.0);
        if serves {
            note("throughput", targets::throughput(&figures, performance.throughput_min));
            note("p99", targets::p99(&figures, performance.p99_ms_max));
            note("batch gain", gains::batch(&figures));
            note("depth gain", gains::depth(&figures));
        }
        note("baseline", baseline::compare(performance.baseline.as_ref(), plan, &name, &figures));
        all.insert(name, figures);
    }
    Ok(all)
}

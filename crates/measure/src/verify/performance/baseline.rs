use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Figures;
use crate::Machine;
use crate::report::grouped;
use crate::stats::{median, welch};
use crate::verify::finding::Finding;
use crate::verify::{Plan, Report};

/// Probability of a drop by chance below which it counts as one.
const CHANCE_MAX: f64 = 0.01;

/// Drops that are smaller than this share are no drops: days differ by more than the runs of one.
const DROP_MIN: f64 = 0.05;

/// What was measured before, to be compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Version of the program that measured it.
    pub phalanx: String,
    /// The processor it was measured on.
    pub cpu: String,
    /// How many of them there were.
    pub cpus: usize,
    /// The model, by its content.
    pub model: String,
    /// Concurrent callers.
    pub callers: usize,
    /// The figures, by what they were measured on.
    pub subjects: BTreeMap<String, Figures>,
}

/// A file holds no baseline.
#[derive(Debug, thiserror::Error)]
#[error("expected a baseline, as --write-baseline writes it: {0}")]
pub struct BaselineError(#[from] serde_json::Error);

impl Baseline {
    /// What this verification has measured.
    #[must_use]
    pub fn of(plan: &Plan, report: &Report) -> Self {
        Self {
            phalanx: report.phalanx.clone(),
            cpu: report.machine.cpu.clone(),
            cpus: report.machine.cpus,
            model: model(plan),
            callers: plan.performance.callers,
            subjects: report.figures.clone(),
        }
    }

    /// Reads what was written before.
    ///
    /// # Errors
    /// [`BaselineError`] for what is no baseline.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        Ok(serde_json::from_str(text)?)
    }

    /// Why its figures cannot be compared with ones measured now.
    fn mismatch(&self, plan: &Plan, machine: &Machine) -> Option<String> {
        let here = format!("{} {}", machine.cpus, machine.cpu);
        let there = format!("{} {}", self.cpus, self.cpu);
        let callers = plan.performance.callers;
        if there != here {
            Some(format!("expected a baseline of this machine ({here}), got one of {there}"))
        } else if self.model != model(plan) {
            Some("expected a baseline of this model, got one of another".to_owned())
        } else if self.callers != callers {
            Some(format!("expected a baseline with {callers} callers, got one with {}", self.callers))
        } else {
            None
        }
    }
}

fn model(plan: &Plan) -> String {
    format!("{:032x}", plan.setup.model.fingerprint())
}

/// Compares each figure with what it was.
pub(super) fn compare(baseline: Option<&Baseline>, plan: &Plan, subject: &str, now: &Figures) -> Finding {
    let Some(baseline) = baseline else { return Finding::skipped("no --baseline was given") };
    if let Some(mismatch) = baseline.mismatch(plan, &Machine::here()) {
        return Finding::failed(mismatch);
    }
    let Some(before) = baseline.subjects.get(subject) else {
        return Finding::failed(format!("the baseline has no figures of {subject}"));
    };
    let drops: Vec<String> = before
        .named()
        .iter()
        .zip(now.named())
        .filter_map(|((name, before, more_is_better), (_, now, _))| {
            let (low, high) = if *more_is_better { (now, *before) } else { (*before, now) };
            is_drop(low, high).then(|| {
                let [was, is] = [*before, now].map(|figure| grouped(median(figure).unwrap_or(0.0)));
                format!("{name} was {was} and is {is}")
            })
        })
        .collect();
    if drops.is_empty() {
        Finding::passed("no figure is worse beyond the noise of repeated runs")
    } else {
        Finding::failed(drops.join("; "))
    }
}

/// Whether `low` is below `high` by more than chance and by enough to matter (Welch's t-test, one-sided).
fn is_drop(low: &[f64], high: &[f64]) -> bool {
    let certain = welch(low, high).is_some_and(|test| test.p_lower < CHANCE_MAX);
    let medians = median(low).zip(median(high));
    certain && medians.is_some_and(|(low, high)| low < high * (1.0 - DROP_MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_and_matters_is_a_drop() {
        assert!(is_drop(&[80.0, 81.0, 79.0], &[100.0, 101.0, 99.0]));
        assert!(!is_drop(&[98.0, 98.1, 97.9], &[100.0, 100.1, 99.9]), "2 %");
        assert!(!is_drop(&[80.0, 120.0, 70.0], &[100.0, 130.0, 75.0]), "noise");
        assert!(!is_drop(&[100.0, 101.0, 99.0], &[80.0, 81.0, 79.0]), "a gain");
    }
}

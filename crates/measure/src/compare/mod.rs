//! Whether one build is slower than another, beyond the noise of both.

mod holm;
mod run;
mod verdict;

pub use holm::holm;
pub use run::{Run, RunError};
pub use verdict::{Compared, Verdict};

use serde::Serialize;

use self::run::Key;
use crate::stats::{paired, welch};

/// Probability that any row of a comparison is called different where none is.
const CHANCE_MAX: f64 = 0.05;

/// Rows of the same name, before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The rows that both have.
    pub rows: Vec<Compared>,
    /// What stands in the way of comparing.
    pub warnings: Vec<String>,
}

/// There is nothing to compare.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// Files came in an odd number.
    #[error("expected as many files of after as of before, got {after} and {before}")]
    Sides {
        /// Files of before.
        before: usize,
        /// Files of after.
        after: usize,
    },
    /// No row is in all files.
    #[error("expected rows of the same name in all files, got none")]
    NoRows,
}

/// Compares row by row. One file each side is compared by its windows (Welch's test); several, measured in turn, by the
/// medians of each pair, since what differs between two runs of one program does not show in the windows of one. Both are
/// corrected for the number of rows.
///
/// # Errors
/// Every [`CompareError`].
pub fn compare(before: &[Run], after: &[Run], fail_over: f64) -> Result<Comparison, CompareError> {
    if before.len() != after.len() || before.is_empty() {
        return Err(CompareError::Sides { before: before.len(), after: after.len() });
    }
    let keys: Vec<&Key> = before[0].rows.iter().map(|row| &row.key).collect();
    let found: Vec<(&Key, [Vec<&[f64]>; 2])> = keys
        .into_iter()
        .filter_map(|key| Some((key, [rates_of(before, key)?, rates_of(after, key)?])))
        .collect();
    if found.is_empty() {
        return Err(CompareError::NoRows);
    }
    let chances: Vec<f64> = found.iter().map(|(_, [before, after])| chance(before, after)).collect();
    let corrected = holm(&chances);
    let rows = found.iter().zip(corrected);
    let rows = rows.map(|((key, sides), p)| Compared::of(key, sides, p, CHANCE_MAX, fail_over)).collect();
    Ok(Comparison { rows, warnings: warnings(before, after) })
}

fn rates_of<'a>(runs: &'a [Run], key: &Key) -> Option<Vec<&'a [f64]>> {
    runs.iter().map(|run| run.rates(key)).collect()
}

/// Probability of a difference this large, either way, were there none.
fn chance(before: &[&[f64]], after: &[&[f64]]) -> f64 {
    let logs = |rates: &[f64]| rates.iter().map(|rate| rate.ln()).collect::<Vec<f64>>();
    let test = match (before, after) {
        ([before], [after]) => welch(&logs(after), &logs(before)),
        _ => {
            let medians = |runs: &[&[f64]]| -> Vec<f64> {
                runs.iter().filter_map(|rates| crate::stats::median(rates)).map(f64::ln).collect()
            };
            paired(&medians(after), &medians(before))
        }
    };
    test.map_or(1.0, |test| 2.0 * test.p_lower.min(1.0 - test.p_lower))
}

fn warnings(before: &[Run], after: &[Run]) -> Vec<String> {
    let mut warnings = Vec::new();
    let runs = || before.iter().chain(after);
    let mut of = |what: &str, value: fn(&Run) -> &str| {
        if let Some(other) = runs().find(|run| value(run) != value(&before[0])) {
            let (first, second) = (value(&before[0]), value(other));
            warnings.push(format!("expected files of one {what}, got {first:?} and {second:?}"));
        }
    };
    of("processor", |run| &run.cpu);
    of("model", |run| &run.model);
    of("backend", |run| &run.backend);
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rates: &[(&str, &[f64])]) -> Run {
        let rows: Vec<serde_json::Value> = rates
            .iter()
            .map(|(name, rates)| {
                serde_json::json!({
                    "strategy": name, "parameters": {"batch": "8"}, "rule": "each", "batch": 8,
                    "callers": null, "window_samples_per_s": rates
                })
            })
            .collect();
        let document = serde_json::json!({
            "machine": {"cpu": "a"}, "model": {"name": "m"}, "backend": {"name": "tract"}, "rows": rows
        });
        Run::parse(&document.to_string()).unwrap()
    }

    const STEADY: &[f64] = &[100.0, 101.0, 99.0, 100.5, 99.5];

    fn slower(by: f64) -> Vec<f64> {
        STEADY.iter().map(|rate| rate * by).collect()
    }

    fn verdicts(comparison: &Comparison) -> Vec<Verdict> {
        comparison.rows.iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn a_drop_beyond_the_noise_and_the_limit_is_a_regression() {
        let before = [run(&[("raw", STEADY), ("threads", STEADY), ("lanes", STEADY)])];
        let after = [run(&[("raw", &slower(0.9)), ("threads", &slower(0.97)), ("lanes", &slower(1.1))])];
        let comparison = compare(&before, &after, 0.05).unwrap();
        assert_eq!(verdicts(&comparison), [Verdict::Regression, Verdict::Slower, Verdict::Faster]);
        assert!((comparison.rows[0].change + 0.1).abs() < 1e-9);
        assert_eq!(comparison.rows[0].name, "raw with batch 8");
    }

    #[test]
    fn noise_is_no_difference() {
        let before = [run(&[("raw", &[80.0, 120.0, 100.0, 90.0, 110.0])])];
        let after = [run(&[("raw", &[75.0, 110.0, 90.0, 85.0, 100.0])])];
        assert_eq!(verdicts(&compare(&before, &after, 0.05).unwrap()), [Verdict::Same]);
    }

    #[test]
    fn runs_in_turn_are_compared_pair_by_pair() {
        // The machine drifts by far more than the difference, and each run's windows agree with each other.
        let drift = [1.0, 2.0, 1.5, 3.0, 1.2];
        let runs = |by: f64| -> Vec<Run> {
            let of = |(index, drift): (usize, &f64)| {
                let noise = 1.0 + 0.002 * index as f64;
                run(&[("raw", &slower(by * drift * noise))])
            };
            drift.iter().enumerate().map(of).collect()
        };
        assert_eq!(verdicts(&compare(&runs(1.0), &runs(0.9), 0.05).unwrap()), [Verdict::Regression]);
        assert_eq!(verdicts(&compare(&runs(1.0), &runs(1.0), 0.05).unwrap()), [Verdict::Same]);
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let one = run(&[("raw", STEADY)]);
        let error = compare(std::slice::from_ref(&one), &[], 0.05).unwrap_err();
        assert_eq!(error, CompareError::Sides { before: 1, after: 0 });
        let other = run(&[("threads", STEADY)]);
        assert_eq!(compare(std::slice::from_ref(&one), &[other], 0.05), Err(CompareError::NoRows));
        let elsewhere = Run { cpu: "b".to_owned(), ..one.clone() };
        assert_eq!(compare(std::slice::from_ref(&one), &[elsewhere], 0.05).unwrap().warnings.len(), 1);
    }
}

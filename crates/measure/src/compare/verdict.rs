use serde::Serialize;

use super::Key;
use crate::stats::median;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing that the noise does not explain.
    Same,
    /// Faster.
    Faster,
    /// Slower, by no more than is allowed.
    Slower,
    /// Slower by more.
    Regression,
}

impl Verdict {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "no difference",
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::Regression => "regression",
        }
    }
}

/// A row, before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Which row.
    pub name: String,
    /// Samples a second before: the median of all windows.
    pub before: f64,
    /// And after.
    pub after: f64,
    /// By how much that is more, as a share of before; negative where it is less.
    pub change: f64,
    /// Probability of such a difference by chance, corrected for the number of rows.
    pub p: f64,
    /// What became of it.
    pub verdict: Verdict,
}

impl Compared {
    pub(super) fn of(
        key: &Key,
        [before, after]: &[Vec<&[f64]>; 2],
        p: f64,
        chance_max: f64,
        fail_over: f64,
    ) -> Self {
        let middle = |runs: &[&[f64]]| median(&runs.concat()).unwrap_or(0.0);
        let change = change(before, after);
        let verdict = match change {
            _ if p >= chance_max => Verdict::Same,
            change if change >= 0.0 => Verdict::Faster,
            change if change < -fail_over => Verdict::Regression,
            _ => Verdict::Slower,
        };
        Self { name: key.to_string(), before: middle(before), after: middle(after), change, p, verdict }
    }
}

/// The median of what each pair of runs changed.
fn change(before: &[&[f64]], after: &[&[f64]]) -> f64 {
    let changes: Vec<f64> = before
        .iter()
        .zip(after)
        .filter_map(|(before, after)| Some(median(after)? / median(before)? - 1.0))
        .collect();
    median(&changes).unwrap_or(0.0)
}

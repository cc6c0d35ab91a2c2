//! What a verification came to, for people and for programs.

mod junit;
mod table;

pub use junit::JunitError;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Check, Figures, Level, Outcome};
use crate::Machine;

/// Everything that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Version of this program.
    pub phalanx: String,
    /// Where it ran.
    pub machine: Machine,
    /// The model's name.
    pub model: String,
    /// Whose answers others were compared with; `None` where nothing could serve as the reference.
    pub reference: Option<String>,
    /// The backends' versions, by name.
    pub backends: BTreeMap<String, String>,
    /// The checks, in the order in which they were carried out.
    pub checks: Vec<Check>,
    /// What the third level measured, by what it was measured on.
    pub figures: BTreeMap<String, Figures>,
    /// How long all of it took.
    pub seconds: f64,
}

impl Report {
    /// The levels that were looked at.
    #[must_use]
    pub fn levels(&self) -> BTreeSet<Level> {
        self.checks.iter().map(|check| check.level).collect()
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| matches!(check.outcome, Outcome::Failed { .. }))
    }

    /// Whether a level is passed: nothing failed, and something was looked at.
    #[must_use]
    pub fn passed(&self, level: Level) -> bool {
        let mut of_level = self.checks.iter().filter(|check| check.level == level);
        let failed = |check: &Check| matches!(check.outcome, Outcome::Failed { .. });
        let passed = |check: &Check| matches!(check.outcome, Outcome::Passed { .. });
        !of_level.clone().any(failed) && of_level.any(passed)
    }

    /// Whether every level that was looked at is passed.
    #[must_use]
    pub fn all_passed(&self) -> bool {
        !self.checks.is_empty() && self.levels().into_iter().all(|level| self.passed(level))
    }
}

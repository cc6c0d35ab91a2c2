use std::fmt;

use serde::{Deserialize, Serialize};

use super::Candidate;

/// How long a batch took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    /// Rows of the batch.
    pub rows: usize,
    /// Median time of a few runs, in nanoseconds.
    pub ns: u64,
}

impl Timed {
    /// Time of one row, in nanoseconds.
    #[must_use]
    pub fn row_ns(&self) -> f64 {
        self.ns as f64 / self.rows.max(1) as f64
    }
}

/// What came of trying a candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trial {
    /// It ran, and its answers are the reference's.
    Agreed {
        /// The largest difference, relative to the largest magnitude in its row; `None` where there was no reference
        /// to compare with.
        error_max: Option<f64>,
        /// A batch of one row.
        small: Timed,
        /// A large batch.
        large: Timed,
    },
    /// It ran, and gave other answers.
    Disagreed {
        /// The first place that differs, such as `output "y", row 3, element 17`.
        place: String,
        /// What the reference has there.
        expected: String,
        /// What the candidate has there.
        got: String,
    },
    /// It said that it cannot prepare or run the model.
    Failed {
        /// Its words.
        reason: String,
    },
    /// It took its process down.
    Crashed {
        /// How the process ended, such as `was killed by SIGSEGV`.
        how: String,
    },
    /// It did not come to an end and was stopped.
    TimedOut {
        /// Time it had, in milliseconds.
        after_ms: u64,
    },
}

impl Trial {
    /// Whether its answers may be served.
    #[must_use]
    pub fn agreed(&self) -> bool {
        matches!(self, Self::Agreed { .. })
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agreed { error_max, small, large } => {
                match error_max {
                    Some(error) => write!(f, "agrees to {error:.0e}")?,
                    None => f.write_str("ran, compared with nothing")?,
                }
                let micros = |timed: &Timed| timed.ns as f64 / 1e3;
                write!(f, "; {:.0} µs for {} row", micros(small), small.rows)?;
                write!(f, ", {:.0} µs for {}", micros(large), large.rows)
            }
            Self::Disagreed { place, expected, got } => {
                write!(f, "gives another answer than the reference: {place}: expected {expected}, got {got}")
            }
            Self::Failed { reason } => f.write_str(reason),
            Self::Crashed { how } => write!(f, "crashed: its process {how}"),
            Self::TimedOut { after_ms } => write!(f, "did not end within {after_ms} ms"),
        }
    }
}

/// A candidate that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Which.
    pub candidate: Candidate,
    /// What came of it.
    pub trial: Trial,
}

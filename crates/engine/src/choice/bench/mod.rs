//! Where a candidate is tried.

pub(crate) mod child;
mod in_child;
mod in_process;

pub(crate) use in_child::InChild;
pub(crate) use in_process::InProcess;

use super::task::{Attempt, Task};

/// Runs one candidate at a time.
pub(crate) trait Bench {
    fn attempt(&self, task: &Task<'_>) -> Attempt;
}

//! Where a candidate is tried.

pub(crate) mod child;
mod in_child;
mod in_process;

use std::path::Path;
use std::time::Duration;

use phalanx_backend::{Backend, BackendError, DeviceInfo};

use super::Search;
use super::task::{Attempt, Task};
use in_child::InChild;
use in_process::InProcess;

/// Runs one candidate at a time.
pub(crate) trait Bench {
    /// Tries a candidate.
    fn attempt(&self, task: &Task<'_>) -> Attempt;

    /// What a backend finds on this machine.
    fn devices(&self, backend: &dyn Backend) -> Result<Vec<DeviceInfo>, Unlisted>;
}

/// Why nobody knows which devices a backend has.
#[derive(Debug)]
pub(crate) enum Unlisted {
    /// It says so itself.
    Refused(BackendError),
    /// A driver took its process down, or did not come back; in words.
    Crashed(String),
}

/// Where the candidates of a search are tried; a process may take `timeout`.
pub(crate) fn of<'a>(
    search: &'a Search,
    library: Option<&'a Path>,
    timeout: Duration,
) -> Box<dyn Bench + 'a> {
    match &search.program {
        None => Box::new(InProcess),
        Some(program) => Box::new(InChild { program, library, timeout }),
    }
}

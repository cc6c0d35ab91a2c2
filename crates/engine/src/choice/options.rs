use std::path::PathBuf;
use std::time::Duration;

use super::cache;

/// How `auto` finds the backend that runs a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The folder where outcomes are kept for the next start; `None` keeps none.
    pub cache: Option<PathBuf>,
    /// A program whose `main` begins with [`trial_main`](super::trial_main) where [`is_trial`](super::is_trial) says so:
    /// candidates are tried in processes of it, so that one that crashes or hangs harms nobody. `None` tries the
    /// processor's backends in this process, and other devices only where one was asked for.
    pub program: Option<PathBuf>,
    /// How long a candidate may be timed; 300 ms unless said otherwise. Preparing the model comes on top.
    pub budget: Duration,
    /// How long a process may take for one candidate before it is stopped; a minute unless said otherwise. Models of more
    /// than a few MiB are given longer, by their size.
    pub trial_timeout: Duration,
}

const BUDGET_DEFAULT: Duration = Duration::from_millis(300);
const TRIAL_TIMEOUT_DEFAULT: Duration = Duration::from_secs(60);

impl Default for Search {
    fn default() -> Self {
        Self { cache: None, program: None, budget: BUDGET_DEFAULT, trial_timeout: TRIAL_TIMEOUT_DEFAULT }
    }
}

impl Search {
    /// For a program whose `main` begins with [`trial_main`](super::trial_main): candidates are tried in processes of
    /// it, and outcomes kept in [`cache_folder`](super::cache_folder).
    #[must_use]
    pub fn in_children() -> Self {
        Self { cache: cache::folder(), program: std::env::current_exe().ok(), ..Self::default() }
    }
}

use std::time::Duration;

use phalanx_backend::{Device, Precision};
use phalanx_engine::{Isolation, Policy};
use phalanx_simulate::Arrivals;

use super::Objective;

/// What is searched for, and how thoroughly.
#[derive(Clone, Debug)]
pub struct TunePlan {
    /// What callers are promised; the goodput needs it.
    pub slo: Option<Duration>,
    /// Requests a second that are to be expected.
    pub rate: Option<f64>,
    /// What the configuration is to be best at.
    pub objective: Objective,
    /// How requests arrive.
    pub arrivals: Arrivals,
    /// Memory that the program may have resident with the model, its workers included, in bytes.
    pub memory_limit: Option<u64>,
    /// How long the measuring may take, about.
    pub budget: Duration,
    /// What is not searched for because it was given.
    pub fixed: Fixed,
    /// Rows of the largest batch that is tried.
    pub rows_max: usize,
    /// Cores that lanes and threads are shared out over.
    pub cores: usize,
    /// Configurations that run on the real engine, besides the one that the engine takes by itself.
    pub trials_max: usize,
    /// Decides when requests come.
    pub seed: u64,
}

/// What is not searched for because it was given.
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// The backend, by name.
    pub backend: Option<String>,
    /// What it runs on.
    pub device: Option<Device>,
    /// Whether lanes are threads or processes; both are tried where `try_processes` is set and this is not.
    pub isolation: Option<Isolation>,
    /// Whether worker processes are tried too.
    pub try_processes: bool,
    /// Arithmetics that are tried, the preferred first; those after it change the answers.
    pub precisions: Vec<Precision>,
    /// Lanes.
    pub lanes: Option<usize>,
    /// Threads of one run.
    pub threads: Option<usize>,
    /// Rows of the largest batch.
    pub max_batch: Option<usize>,
    /// Batches of a lane formed or running at once.
    pub depth: Option<usize>,
    /// The rule that forms batches.
    pub policy: Option<Policy>,
}

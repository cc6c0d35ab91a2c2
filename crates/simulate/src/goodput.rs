use serde::Serialize;

use crate::run::{self, Kinds, Ran, Run, simulate};
use crate::{Load, Outcome, Setup, SimulateError, bound_per_s, oracle_per_s};

/// How the goodput is searched for.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// The share of the requests that has to be answered inside the SLO.
    pub share_min: f64,
    /// The share of the requests, at the beginning, that do not count.
    pub warm_up: f64,
    /// How close to the rate that fails the one has to be that holds, as a fraction of the bound.
    pub precision: f64,
    /// As in [`Run`].
    pub seed: u64,
}

impl Default for Search {
    fn default() -> Self {
        Self { share_min: 0.99, warm_up: 0.3, precision: 0.001, seed: 1 }
    }
}

/// The highest rate at which enough requests are answered inside the SLO.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Goodput {
    /// It, in requests a second.
    pub per_s: f64,
    /// As a fraction of [`bound_per_s`](crate::bound_per_s).
    pub of_bound: f64,
    /// As a fraction of [`oracle_per_s`](crate::oracle_per_s).
    pub of_oracle: f64,
    /// What happens at that rate.
    pub outcome: Outcome,
    /// Requests that were simulated to find it.
    pub simulated: u64,
}

/// Searches for the goodput under these loads together, by bisection.
///
/// # Errors
/// [`SimulateError`] for a setup or a search that makes no sense.
pub fn goodput(setup: &Setup, loads: &[Load], search: &Search) -> Result<Goodput, SimulateError> {
    setup.check()?;
    if !(0.0..=1.0).contains(&search.share_min) {
        return Err(SimulateError::option("share", "a share from 0 to 1", search.share_min));
    }
    let (bound, oracle) = (bound_per_s(setup), oracle_per_s(setup));
    let run =
        |fraction: f64| Run { rate_per_s: fraction * bound, warm_up: search.warm_up, seed: search.seed };
    run::check(loads, &run(1.0))?;
    let kinds = Kinds::new(setup);
    // More than the oracle's share cannot be in time, but for those that are still under way at the end.
    let highest = oracle / bound / search.share_min.max(0.01) * 1.05;
    let (mut low, mut high) = (0.0, highest.max(search.precision));
    let mut simulated = 0;
    while high - low > search.precision.max(1e-6) {
        let middle = f64::midpoint(low, high);
        let holds = holds(setup, &kinds, loads, &run(middle), search, &mut simulated);
        if holds { low = middle } else { high = middle }
    }
    let rate = if low > 0.0 { low } else { high };
    let outcome = run::run(setup, loads, &run(rate))?;
    let per_s = low * bound;
    Ok(Goodput { per_s, of_bound: low, of_oracle: per_s / oracle, outcome, simulated })
}

/// Whether enough requests are in time at this rate.
fn holds(
    setup: &Setup,
    kinds: &Kinds,
    loads: &[Load],
    run: &Run,
    search: &Search,
    simulated: &mut u64,
) -> bool {
    let counted = |load: &Load| load.requests() - (load.requests() as f64 * run.warm_up) as usize;
    let total: usize = loads.iter().map(counted).sum();
    let missed_max = ((1.0 - search.share_min) * total as f64 + 1e-9) as u64;
    let mut missed = 0;
    for (index, load) in loads.iter().enumerate() {
        let run = Run { seed: run.seed.wrapping_add(index as u64), ..*run };
        let ran: Ran = simulate(setup, kinds, load, &run, Some(missed_max - missed), false);
        *simulated += ran.arrived();
        missed += ran.missed();
        if missed > missed_max {
            return false;
        }
    }
    true
}

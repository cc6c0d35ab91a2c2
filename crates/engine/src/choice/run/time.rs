use std::time::{Duration, Instant};

use phalanx_backend::BackendError;

/// More runs than this tell nothing new.
const RUNS_MAX: usize = 31;

/// The median time of as many runs as fit into `budget`, at least one, in nanoseconds.
pub(super) fn median_ns(
    budget: Duration,
    mut run: impl FnMut() -> Result<Duration, BackendError>,
) -> Result<u64, BackendError> {
    let start = Instant::now();
    let mut times = vec![run()?];
    while times.len() < RUNS_MAX && start.elapsed() < budget {
        times.push(run()?);
    }
    times.sort_unstable();
    Ok(u64::try_from(times[times.len() / 2].as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_disturbed_run_does_not_count() {
        let mut runs = 0;
        let mut run = || {
            runs += 1;
            Ok(Duration::from_nanos(if runs == 2 { 1_000_000 } else { 40 }))
        };
        assert_eq!(median_ns(Duration::from_secs(3600), &mut run), Ok(40));
        assert_eq!(runs, RUNS_MAX);
    }

    #[test]
    fn without_a_budget_there_is_one_run() {
        let mut runs = 0;
        let mut run = || {
            runs += 1;
            Ok(Duration::from_nanos(7))
        };
        assert_eq!(median_ns(Duration::ZERO, &mut run), Ok(7));
        assert_eq!(runs, 1);
    }
}

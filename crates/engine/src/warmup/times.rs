use std::time::{Duration, Instant};

use phalanx_backend::BackendError;
use phalanx_batch::LatencyModel;
use phalanx_tensor::Shape;

use super::rig::Rig;
use super::sample::Sample;

/// Runs of each size, of which the fastest counts: whatever disturbs a run makes it slower.
const RUNS: usize = 3;
/// Rates that differ by less are the same.
const RATE_TOLERANCE: f64 = 0.01;

/// How long batches of these sizes take, in nanoseconds: all of them, or from the smallest on as many as fit into
/// `budget`, and at least two.
pub(super) fn measure(
    rig: &mut Rig,
    sample: &Sample,
    tails: &[Shape],
    sizes: &[usize],
    budget: Duration,
) -> Result<Vec<(usize, u64)>, BackendError> {
    let start = Instant::now();
    let mut times = Vec::new();
    for &size in sizes {
        if times.len() >= 2 && start.elapsed() > budget {
            break;
        }
        let rows: Vec<usize> = (0..size).collect();
        let bucket = rig.fill(sample, tails, &rows)?;
        rig.submit(bucket)?;
        let mut fastest = Duration::MAX;
        for _ in 0..RUNS {
            fastest = fastest.min(rig.submit(bucket)?);
        }
        times.push((size, fastest.as_nanos() as u64));
    }
    Ok(times)
}

/// The size of batch at which the most rows are run in a given time, where all sizes were measured or the rate has
/// clearly passed its best; else the largest.
pub(crate) fn most_efficient(times_ns: &[(usize, u64)], latency: &LatencyModel) -> usize {
    let largest = latency.sizes().last().copied().unwrap_or(1);
    let rate = |&(rows, took_ns): &(usize, u64)| rows as f64 / took_ns.max(1) as f64;
    let best = times_ns.iter().map(rate).fold(0.0, f64::max);
    let passed = times_ns.len() == latency.sizes().len()
        || times_ns.last().is_some_and(|last| rate(last) < best * (1.0 - 2.0 * RATE_TOLERANCE));
    if passed { latency.most_efficient(RATE_TOLERANCE).unwrap_or(largest) } else { largest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(times_ns: &[(usize, u64)]) -> usize {
        let mut latency = LatencyModel::any(32);
        for (index, &(_, took_ns)) in times_ns.iter().enumerate() {
            latency.calibrate(index, took_ns);
        }
        most_efficient(times_ns, &latency)
    }

    #[test]
    fn the_knee_is_taken_once_it_was_seen() {
        let times = [(1, 100), (2, 120), (4, 180), (8, 300), (16, 640), (32, 1400)];
        assert_eq!(chosen(&times), 8);
        assert_eq!(chosen(&times[..5]), 8);
        assert_eq!(chosen(&times[..3]), 32, "the rate still grew");
        assert_eq!(chosen(&[]), 32);
    }
}

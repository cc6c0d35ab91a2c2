use std::time::{Duration, Instant};

use phalanx_backend::BackendError;
use phalanx_batch::LatencyModel;
use phalanx_tensor::Shape;

use super::rig::Rig;
use super::sample::Sample;

/// Times that all sizes are gone through, of which the fastest counts: whatever disturbs a run makes it slower, and
/// what disturbs one size for a while should not disturb all its runs.
const ROUNDS_MIN: usize = 3;
const ROUNDS_MAX: usize = 20;
/// How much longer than the budget it may take because sizes have to be prepared: graphs are recorded and products
/// tuned, which a lane would have to do anyway.
const PREPARING_MAX: Duration = Duration::from_secs(5);
/// Share of the budget after which there is no round more than there must be.
const ROUNDS_SHARE: u32 = 8;
/// Rates that differ by less are the same.
const RATE_TOLERANCE: f64 = 0.01;
/// What a batch costs besides running it, since threads have to be woken to take it and to hand it out.
const HANDLING_NS: f64 = 15_000.0;

/// How long batches of these sizes take, in nanoseconds: all of them, or from the smallest on as many as fit into
/// `budget`, and at least two. What the first run of a size takes longer than the second is not counted.
pub(super) fn measure(
    rig: &mut Rig,
    sample: &Sample,
    tails: &[Shape],
    sizes: &[usize],
    budget: Duration,
) -> Result<Vec<(usize, u64)>, BackendError> {
    let start = Instant::now();
    let mut preparing = Duration::ZERO;
    let spent = |preparing: Duration| start.elapsed().saturating_sub(preparing.min(PREPARING_MAX));
    let mut times: Vec<(usize, u64)> = Vec::new();
    for round in 0..ROUNDS_MAX {
        if round >= ROUNDS_MIN && spent(preparing) > budget / ROUNDS_SHARE {
            break;
        }
        for (index, &size) in sizes.iter().enumerate() {
            if index >= 2 && (index > times.len() || spent(preparing) > budget) {
                break;
            }
            let rows: Vec<usize> = (0..size).collect();
            let bucket = rig.fill(sample, tails, &rows)?;
            let mut first = Duration::ZERO;
            if index == times.len() {
                first = rig.submit(bucket)?;
                times.push((size, u64::MAX));
            }
            let took = rig.submit(bucket)?;
            preparing += first.saturating_sub(took);
            times[index].1 = times[index].1.min(took.as_nanos() as u64);
        }
    }
    Ok(times)
}

/// The size of batch at which the most rows are run in a given time, where all sizes were measured or the rate has
/// clearly passed its best; else the largest.
pub(crate) fn most_efficient(times_ns: &[(usize, u64)], latency: &LatencyModel) -> usize {
    let largest = latency.sizes().last().copied().unwrap_or(1);
    let rate = |&(rows, took_ns): &(usize, u64)| rows as f64 / (took_ns as f64 + HANDLING_NS);
    let best = times_ns.iter().map(rate).fold(0.0, f64::max);
    let passed = times_ns.len() == latency.sizes().len()
        || times_ns.last().is_some_and(|last| rate(last) < best * (1.0 - 2.0 * RATE_TOLERANCE));
    let enough = times_ns.iter().find(|&time| rate(time) >= best * (1.0 - RATE_TOLERANCE));
    match enough {
        Some(&(rows, _)) if passed => rows,
        _ => largest,
    }
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
        let micros = [(1, 100), (2, 120), (4, 180), (8, 300), (16, 640), (32, 1400)];
        let times = micros.map(|(rows, us)| (rows, us * 1000));
        assert_eq!(chosen(&times), 8);
        assert_eq!(chosen(&times[..5]), 8);
        assert_eq!(chosen(&times[..3]), 32, "the rate still grew");
        assert_eq!(chosen(&[]), 32);
    }

    #[test]
    fn fast_batches_are_made_larger_because_each_has_to_be_handed_out() {
        let micros = [(1, 5), (2, 10), (4, 20), (8, 40), (16, 80), (32, 160)];
        assert_eq!(chosen(&micros.map(|(rows, us)| (rows, us * 1000))), 32);
    }
}

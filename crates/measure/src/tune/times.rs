use std::time::{Duration, Instant};

use phalanx_engine::{Batching, Engine, Request};
use phalanx_tensor::Tensor;

use super::Timed;
use crate::open::Watch;
use crate::stats::median;
use crate::{MeasureError, Samples};

/// Runs of each size on each lane at least, the first of which does not count.
const RUNS_MIN: usize = 4;
/// And at most.
const RUNS_MAX: usize = 400;

/// How long batches take while all lanes of `engine` are busy: sizes are doubled up to its largest batch, until one takes
/// longer than `longest` or the time is up. It is measured through the engine, so its lanes may be threads or processes,
/// and what gathering and handing out takes from them is in it.
///
/// # Errors
/// What the engine gives; [`MeasureError::Interrupted`] after a break of `watch`.
pub fn measure_times(
    engine: &Engine,
    samples: &Samples,
    longest: Option<Duration>,
    budget: Duration,
    watch: Watch<'_>,
) -> Result<Timed, MeasureError> {
    let info = engine.info();
    let rows_max = match info.batching {
        Batching::Unbatched { .. } => 1,
        _ if !samples.batched() => 1,
        _ => info.max_batch,
    };
    let mut sizes: Vec<usize> = std::iter::successors(Some(1_usize), |size| Some(size * 2))
        .take_while(|&size| size < rows_max)
        .collect();
    sizes.push(rows_max);
    let (start, share) = (Instant::now(), budget / sizes.len() as u32);
    let mut timed = Timed::default();
    let mut spreads = Vec::new();
    for rows in sizes {
        if watch().is_break() {
            return Err(MeasureError::Interrupted);
        }
        let inputs = if rows == 1 { samples.get(0).to_vec() } else { samples.batch(0, rows)? };
        let took_ns = on_all_lanes(engine, &inputs, rows, share)?;
        let Some(middle_ns) = median(&took_ns) else { break };
        timed.points.push((rows, middle_ns));
        spreads.push(spread(&took_ns, middle_ns));
        if longest.is_some_and(|longest| middle_ns > longest.as_nanos() as f64)
            || start.elapsed() > budget * 2
        {
            break;
        }
    }
    timed.noise = median(&spreads).unwrap_or(0.0);
    Ok(timed)
}

/// The times of batches of these rows, with as many callers as there are lanes.
fn on_all_lanes(
    engine: &Engine,
    inputs: &[Tensor],
    rows: usize,
    time: Duration,
) -> Result<Vec<f64>, MeasureError> {
    let caller = || {
        let (start, mut took_ns) = (Instant::now(), Vec::new());
        for run in 0..RUNS_MAX {
            if run >= RUNS_MIN && start.elapsed() > time {
                break;
            }
            let response = engine.infer_blocking(Request::new(inputs.to_vec()))?;
            let timing = response.timing();
            // Callers that meet share a batch, which is one of another size.
            if run > 0 && timing.batch_rows == rows {
                took_ns.push(timing.compute.as_nanos() as f64);
            }
        }
        Ok(took_ns)
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..engine.info().lanes).map(|_| scope.spawn(caller)).collect();
        let mut all = Vec::new();
        for caller in callers {
            let ended = caller.join();
            all.extend(
                ended.unwrap_or_else(|_| {
                    Err(MeasureError::Thread { message: "a caller panicked".to_owned() })
                })?,
            );
        }
        Ok(all)
    })
}

/// The standard deviation of the logarithm, from the distance between the quartiles, which outliers do not move.
fn spread(took_ns: &[f64], middle_ns: f64) -> f64 {
    let logs: Vec<f64> = took_ns.iter().map(|took| (took / middle_ns).ln().abs()).collect();
    // Half of a normal distribution lies within 0.6745 standard deviations.
    median(&logs).unwrap_or(0.0) / 0.6745
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_that_of_the_logarithm() {
        let times: Vec<f64> = (-50..=50).map(|step| 1000.0 * (f64::from(step) / 100.0).exp()).collect();
        // Uniform in the logarithm from -0.5 to 0.5: half of it within a quarter.
        assert!((spread(&times, 1000.0) - 0.25 / 0.6745).abs() < 0.01);
        assert_eq!(spread(&[5.0, 5.0], 5.0), 0.0);
    }
}

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
/// Times that all sizes are gone through, of which the fastest counts for each: whatever else the machine does makes
/// batches slower.
const ROUNDS: usize = 3;

/// Quantiles of the times that are kept: those of one batch in two hundred tell how long a hold-up is.
const QUANTILES: usize = 201;

/// How long batches take while all lanes of `engine` are busy: those it pads batches to, or sizes that double up to its
/// largest batch, until one takes longer than `longest` or the time is up. It is measured through the engine, so its lanes may be threads or processes,
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
    let padded = rows_max > 1 && !info.padded_to.is_empty();
    let sizes = sizes(&info.padded_to, rows_max);
    let share = budget / (sizes.len() * ROUNDS) as u32;
    let mut best: Vec<Vec<f64>> = Vec::new();
    for round in 0..ROUNDS {
        for (index, &rows) in sizes.iter().enumerate() {
            if watch().is_break() {
                return Err(MeasureError::Interrupted);
            }
            if round > 0 && index >= best.len() {
                break;
            }
            let inputs = if rows == 1 { samples.get(0).to_vec() } else { samples.batch(0, rows)? };
            let took_ns = on_all_lanes(engine, &inputs, rows, share)?;
            let Some(middle_ns) = median(&took_ns) else { break };
            match best.get_mut(index) {
                None => best.push(took_ns),
                Some(before) if median(before).is_none_or(|before_ns| middle_ns < before_ns) => {
                    *before = took_ns;
                }
                Some(_) => {}
            }
            if longest.is_some_and(|longest| middle_ns > longest.as_nanos() as f64) {
                break;
            }
        }
    }
    Ok(Timed { padded, ..summary(&sizes, &best) })
}

/// What is timed: the sizes that batches are padded to, or else each power of two; and the largest.
fn sizes(padded_to: &[usize], rows_max: usize) -> Vec<usize> {
    let doubled: Vec<usize> = std::iter::successors(Some(1_usize), |size| size.checked_mul(2))
        .take_while(|&size| size < rows_max)
        .collect();
    let sizes = if padded_to.is_empty() { &doubled } else { padded_to };
    let smaller = sizes.iter().copied().filter(|&size| size < rows_max);
    smaller.chain([rows_max]).collect()
}

fn summary(sizes: &[usize], best: &[Vec<f64>]) -> Timed {
    let mut timed = Timed::default();
    let mut factors = Vec::new();
    for (&rows, took_ns) in sizes.iter().zip(best) {
        let Some(middle_ns) = median(took_ns) else { break };
        timed.points.push((rows, middle_ns));
        factors.extend(took_ns.iter().map(|took| took / middle_ns));
    }
    timed.factors = quantiles(factors);
    timed
}

/// The times of batches of these rows, with as many callers as there are lanes.
fn on_all_lanes(
    engine: &Engine,
    inputs: &[Tensor],
    rows: usize,
    time: Duration,
) -> Result<Vec<f64>, MeasureError> {
    let lanes = engine.info().lanes;
    let caller = |index: usize| {
        let (start, mut took_ns) = (Instant::now(), Vec::new());
        for run in 0..RUNS_MAX {
            if run >= RUNS_MIN && start.elapsed() > time {
                break;
            }
            let response = engine.infer_blocking(Request::new(inputs.to_vec()))?;
            let timing = response.timing();
            if timing.batch_rows != rows {
                // Callers that meet share a batch, which is one of another size, and would go on meeting.
                std::thread::sleep(timing.compute.mul_f64(index as f64 / lanes as f64));
            } else if run > 0 {
                took_ns.push(timing.compute.as_nanos() as f64);
            }
        }
        Ok(took_ns)
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..lanes).map(|index| scope.spawn(move || caller(index))).collect();
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

/// Evenly spaced quantiles, the extremes included.
fn quantiles(mut factors: Vec<f64>) -> Vec<f64> {
    factors.sort_by(f64::total_cmp);
    let count = factors.len().min(QUANTILES);
    (0..count).map(|index| factors[index * (factors.len() - 1) / (count - 1).max(1)]).collect()
}

#[cfg(test)]
mod tests {
    use phalanx_engine::BackendChoice;

    use super::*;
    use crate::draw::Draw;
    use crate::null::{self, NullBackend};

    #[test]
    fn the_sizes_that_batches_are_padded_to_are_timed() {
        assert_eq!(sizes(&[1, 2, 3, 4, 6, 8], 6), [1, 2, 3, 4, 6]);
        assert_eq!(sizes(&[4], 4), [4]);
        assert_eq!(sizes(&[], 6), [1, 2, 4, 6]);
        assert_eq!(sizes(&[1, 2, 3], 1), [1]);
    }

    #[test]
    fn all_sizes_of_an_engine_are_timed() {
        let model = null::model().unwrap();
        let samples = Samples::draw(model.signature(), &Draw::default(), 8).unwrap();
        let backend = BackendChoice::Custom(std::sync::Arc::new(NullBackend));
        let engine = Engine::builder(model).backend(backend).max_batch(6).build().unwrap();
        let mut go_on = || std::ops::ControlFlow::Continue(());
        let timed = measure_times(&engine, &samples, None, Duration::from_millis(50), &mut go_on).unwrap();
        let sizes: Vec<usize> = timed.points.iter().map(|&(rows, _)| rows).collect();
        assert_eq!((sizes, timed.padded), (vec![1, 2, 4, 6], false));
    }

    #[test]
    fn quantiles_keep_the_extremes() {
        let spaced = quantiles((0..10_000).rev().map(f64::from).collect());
        assert_eq!((spaced.len(), spaced[0], spaced[QUANTILES - 1]), (QUANTILES, 0.0, 9999.0));
        assert!((spaced[QUANTILES / 2] - 5000.0).abs() < 50.0);
        assert_eq!(quantiles(vec![2.0, 1.0]), [1.0, 2.0]);
        assert!(quantiles(Vec::new()).is_empty());
    }
}

use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{BackendError, Program};
use phalanx_tensor::{Shape, Tensor};

use super::engine_error;
use super::time::median_ns;
use crate::choice::Timed;
use crate::choice::task::{Batch, Large, Ran, Task};
use crate::warmup::{Rig, Sample};

/// Memory that the rows of the large batch may take.
const LARGE_BYTES_MAX: usize = 64 << 20;
/// Of the budget, one part in this many is for the small batch.
const SMALL_SHARE: u32 = 3;

/// Runs the first of the shapes that the program takes.
pub(super) fn run(program: &Arc<dyn Program>, task: &Task<'_>) -> Result<Ran, BackendError> {
    let sample = task.inputs.sample(task.model.signature()).map_err(|error| engine_error(&error))?;
    let mut last = engine_error("no shape to try");
    for tails in &task.inputs.shapes {
        match run_shapes(program, task, &sample, tails) {
            Ok(ran) => return Ok(ran),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn run_shapes(
    program: &Arc<dyn Program>,
    task: &Task<'_>,
    sample: &Sample,
    tails: &[Shape],
) -> Result<Ran, BackendError> {
    let layout = Arc::new(program.layout(tails)?);
    let row_bytes = layout.row_bytes();
    let mut rig = Rig::open(Arc::clone(program), layout)?;
    let small = batch(&mut rig, sample, tails, 1, task.budget / SMALL_SHARE)?;
    let again = outputs(&mut rig, sample, tails, 1)?;
    let rows = match task.large {
        Large::Exactly(rows) => rows,
        Large::UpTo { rows, within } => affordable(rows, small.timed.ns, within, row_bytes),
    };
    let left = task.budget - task.budget / SMALL_SHARE;
    let rows = rows.min(rig.rows_max());
    let large = batch(&mut rig, sample, tails, rows, left)?;
    Ok(Ran { shapes: tails.to_vec(), small, large, again })
}

/// The largest power of two of rows, or `rows_max`, that run within a time if each takes as long as a single one, and
/// that fit into memory.
fn affordable(rows_max: usize, one_row_ns: u64, within: Duration, row_bytes: usize) -> usize {
    let in_time = within.as_nanos() / u128::from(one_row_ns.max(1));
    let in_memory = (LARGE_BYTES_MAX / row_bytes.max(1)) as u128;
    let rows = usize::try_from(in_time.min(in_memory)).unwrap_or(usize::MAX);
    if rows >= rows_max { rows_max } else { 1 << rows.max(1).ilog2() }
}

fn batch(
    rig: &mut Rig,
    sample: &Sample,
    tails: &[Shape],
    rows: usize,
    budget: Duration,
) -> Result<Batch, BackendError> {
    // The first run of a size also makes room for it, and is not timed.
    let outputs = outputs(rig, sample, tails, rows)?;
    let indices: Vec<usize> = (0..rows).collect();
    let bucket = rig.fill(sample, tails, &indices)?;
    let ns = median_ns(budget, || rig.submit(bucket))?;
    Ok(Batch { timed: Timed { rows, ns }, outputs })
}

/// What the first `rows` rows give, without the padding.
fn outputs(
    rig: &mut Rig,
    sample: &Sample,
    tails: &[Shape],
    rows: usize,
) -> Result<Vec<Tensor>, BackendError> {
    let indices: Vec<usize> = (0..rows).collect();
    let ran = rig.run(sample, tails, &indices)?;
    // An output with another number of rows than ran is not one of rows, and is compared as it is.
    let trimmed = |tensor: &Tensor| match tensor.rows() == ran.ran {
        true => tensor.slice_rows(0, rows).unwrap_or_else(|_| tensor.clone()),
        false => tensor.clone(),
    };
    Ok(ran.tensors.iter().map(trimmed).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_batch_fits_into_time_and_memory() {
        let within = Duration::from_millis(200);
        assert_eq!(affordable(32, 10_000, within, 100), 32);
        assert_eq!(affordable(32, 20_000_000, within, 100), 8);
        assert_eq!(affordable(32, 900_000_000, within, 100), 1);
        assert_eq!(affordable(32, 10_000, within, 20 << 20), 2);
        assert_eq!(affordable(32, 10_000, within, 1 << 30), 1);
        assert_eq!(affordable(24, 0, within, 0), 24);
    }
}

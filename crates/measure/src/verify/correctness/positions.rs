use std::time::{Duration, Instant};

use phalanx_tensor::Tensor;

use super::judge::Row;
use super::rig::Rig;
use super::scene::Scene;
use super::sets::Set;
use crate::MeasureError;
use crate::verify::finding::Finding;

/// The same samples in every position of a batch: all rows move on by one, round and round. The batch is the largest
/// for which there is time.
pub(super) fn positions(scene: &Scene<'_>, rig: &mut Rig, set: &Set) -> Result<Finding, MeasureError> {
    let sizes = rig.sizes();
    let size = affordable(rig, set, &sizes, scene.budget)?;
    let mut judge = scene.judge();
    for shift in 0..size {
        let sample = |position: usize| (position + shift) % size;
        for (position, row) in run(rig, set, size, sample)?.iter().enumerate() {
            let place = (position, size);
            if let Err(finding) = scene.compare(&mut judge, set, sample(position), place, row) {
                return Ok(finding);
            }
        }
    }
    Ok(Scene::verdict(
        &judge,
        format!("{} samples in all positions of a batch of {size}", size.min(set.len())),
    ))
}

/// The largest of `sizes` whose every rotation can be run within the budget; the smallest of two rows or more in any
/// case.
fn affordable(rig: &mut Rig, set: &Set, sizes: &[usize], budget: Duration) -> Result<usize, MeasureError> {
    for &size in sizes.iter().rev() {
        let begin = Instant::now();
        run(rig, set, size, |position| position)?;
        if begin.elapsed().saturating_mul(u32::try_from(size).unwrap_or(u32::MAX)) <= budget {
            return Ok(size);
        }
    }
    Ok(sizes.iter().copied().find(|&size| size > 1).unwrap_or(1))
}

fn run(
    rig: &mut Rig,
    set: &Set,
    size: usize,
    sample: impl Fn(usize) -> usize,
) -> Result<Vec<Row>, MeasureError> {
    let inputs: Vec<&[Tensor]> = (0..size).map(|position| set.inputs(sample(position))).collect();
    rig.together(&inputs)
}

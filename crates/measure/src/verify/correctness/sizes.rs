use std::time::Instant;

use phalanx_tensor::Tensor;

use super::rig::Rig;
use super::scene::Scene;
use super::sets::Set;
use crate::MeasureError;
use crate::verify::finding::Finding;

/// Up to here every size is tried before any larger.
const SMALL: usize = 17;

/// Batches of every size that the program runs, of samples that are all different.
pub(super) fn sizes(scene: &Scene<'_>, rig: &mut Rig, set: &Set) -> Result<Finding, MeasureError> {
    let order = likeliest_first(&rig.sizes());
    let end = Instant::now() + scene.budget;
    let mut judge = scene.judge();
    let (mut done, mut next) = (0, 0);
    for &size in &order {
        if done > 0 && Instant::now() >= end {
            break;
        }
        let inputs: Vec<&[Tensor]> = (next..next + size).map(|sample| set.inputs(sample)).collect();
        for (position, row) in rig.together(&inputs)?.iter().enumerate() {
            if let Err(finding) = scene.compare(&mut judge, set, next + position, (position, size), row) {
                return Ok(finding);
            }
        }
        (done, next) = (done + 1, next + size);
    }
    let largest = order.iter().copied().max().unwrap_or(1);
    Ok(Scene::verdict(&judge, format!("{} up to {largest} rows", of(done, order.len(), "size"))))
}

/// How many there were, and that time allowed for no more.
pub(super) fn of(done: usize, all: usize, thing: &str) -> String {
    match (done, all) {
        (1, 1) => format!("1 {thing}"),
        _ if done == all => format!("all {all} {thing}s"),
        _ => format!("{done} of {all} {thing}s, for lack of time,"),
    }
}

/// Sizes in the order in which something is likely to be wrong with them: small ones, those beside a power of two and
/// the largest, then all others.
pub(super) fn likeliest_first(sizes: &[usize]) -> Vec<usize> {
    let largest = sizes.last().copied().unwrap_or(0);
    let suspect = |size: usize| {
        let beside = [size.wrapping_sub(1), size, size + 1].iter().any(|near| near.is_power_of_two());
        size <= SMALL || beside || size + 1 >= largest
    };
    let (mut first, others): (Vec<usize>, Vec<usize>) = sizes.iter().partition(|&&size| suspect(size));
    first.extend(others);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_there_once_and_suspects_come_first() {
        let order = likeliest_first(&(1..=100).collect::<Vec<_>>());
        assert_eq!(order[..SMALL], (1..=SMALL).collect::<Vec<_>>());
        assert_eq!(order[SMALL..25], [31, 32, 33, 63, 64, 65, 99, 100]);
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, (1..=100).collect::<Vec<_>>());
    }
}

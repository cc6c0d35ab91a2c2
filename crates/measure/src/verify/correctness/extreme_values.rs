use super::extremes::is_within;
use super::rig::Rig;
use super::scene::Scene;
use super::sets::Set;
use crate::MeasureError;
use crate::verify::finding::Finding;

/// Inputs far from the ordinary, alone and, where rows may be `together`, in one batch with each other.
pub(super) fn extreme_values(
    scene: &Scene<'_>,
    rig: &mut Rig,
    sets: &[Set],
    together: bool,
) -> Result<Finding, MeasureError> {
    if sets.is_empty() {
        return Ok(Finding::skipped("no input holds floats, and none has a --range"));
    }
    let sets: Vec<&Set> = sets.iter().filter(|set| is_within(scene.precision, set.name)).collect();
    let mut judge = scene.judge().for_extremes();
    for set in &sets {
        for sample in 0..set.len() {
            let row = rig.alone(set.inputs(sample))?;
            if let Err(finding) = scene.compare(&mut judge, set, sample, (0, 1), &row) {
                return Ok(finding);
            }
        }
    }
    let largest = if together { rig.sizes().last().copied().unwrap_or(1) } else { 1 };
    let all: Vec<(&Set, usize)> =
        sets.iter().flat_map(|&set| (0..set.len()).map(move |sample| (set, sample))).collect();
    for chunk in all.chunks(largest).filter(|_| largest > 1) {
        let inputs: Vec<_> = chunk.iter().map(|(set, sample)| set.inputs(*sample)).collect();
        let rows = rig.together(&inputs)?;
        for (position, ((set, sample), row)) in chunk.iter().zip(&rows).enumerate() {
            let place = (position, chunk.len());
            if let Err(finding) = scene.compare(&mut judge, set, *sample, place, row) {
                return Ok(finding);
            }
        }
    }
    let names: Vec<&str> = sets.iter().map(|set| set.name).collect();
    Ok(Scene::verdict(&judge, names.join(", ")))
}

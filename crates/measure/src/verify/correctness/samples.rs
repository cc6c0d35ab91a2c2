use std::time::Instant;

use super::rig::Rig;
use super::scene::Scene;
use super::sets::Set;
use super::sizes::of;
use crate::MeasureError;
use crate::verify::finding::Finding;

/// Every sample in a batch of its own.
pub(super) fn samples(scene: &Scene<'_>, rig: &mut Rig, set: &Set) -> Result<Finding, MeasureError> {
    let end = Instant::now() + scene.budget;
    let mut judge = scene.judge();
    let mut done = 0;
    while done < set.len() && (done == 0 || Instant::now() < end) {
        let row = rig.alone(set.inputs(done))?;
        if let Err(finding) = scene.compare(&mut judge, set, done, (0, 1), &row) {
            return Ok(finding);
        }
        done += 1;
    }
    Ok(Scene::verdict(&judge, format!("{} alone", of(done, set.len(), "sample"))))
}

use phalanx_backend::BackendError;
use phalanx_model::Model;
use phalanx_tensor::Tensor;

use crate::{Difference, Rig, Subject, difference};

/// Runs `model` on both subjects for the same inputs, and gives for each output in which it differs by more than
/// `tolerance` its name and the difference, `left` being the reference.
///
/// # Errors
/// What either backend says while preparing or running.
pub fn compare(
    model: &Model,
    left: &Subject,
    right: &Subject,
    inputs: &[Tensor],
    tolerance: f64,
) -> Result<Vec<(String, Difference)>, BackendError> {
    let answer = |subject: &Subject| Rig::open(&subject.prepare(model)?)?.answer(inputs);
    let (expected, got) = (answer(left)?, answer(right)?);
    let names = model.signature().outputs.iter().map(|output| output.name.clone());
    let pairs = expected.iter().zip(&got);
    Ok(names
        .zip(pairs)
        .filter_map(|(name, (left, right))| Some((name, difference(left, right, tolerance)?)))
        .collect())
}

use phalanx_tensor::Tensor;

use super::alter::alter;
use super::extremes::is_float;
use super::rig::Rig;
use super::scene::Scene;
use super::sets::Set;
use crate::MeasureError;
use crate::verify::finding::Finding;

/// Rows of a batch in which one is spoilt.
const ROWS: usize = 8;

/// What spoils a row.
const POISONS: [(&str, f64); 3] =
    [("not a number", f64::NAN), ("infinity", f64::INFINITY), ("the largest number", f64::MAX)];

/// A row that holds no numbers does not spoil the rows beside it, wherever it lies.
pub(super) fn neighbours(scene: &Scene<'_>, rig: &mut Rig, set: &Set) -> Result<Finding, MeasureError> {
    let size = rig.sizes().into_iter().rfind(|&size| size <= ROWS).unwrap_or(1);
    if size < 2 {
        return Ok(Finding::skipped("the program runs one row at a time, or only many"));
    }
    if !set.inputs(0).iter().any(is_float) {
        return Ok(Finding::skipped("no input holds floats"));
    }
    let mut judge = scene.judge();
    for (name, value) in POISONS {
        for spoilt in 0..size {
            let poison = poisoned(set.inputs(spoilt), value)?;
            let inputs: Vec<&[Tensor]> = (0..size)
                .map(|position| if position == spoilt { &poison[..] } else { set.inputs(position) })
                .collect();
            let rows = rig.together(&inputs)?;
            for (position, row) in rows.iter().enumerate().filter(|(position, _)| *position != spoilt) {
                if let Err(finding) = scene.compare(&mut judge, set, position, (position, size), row) {
                    return Ok(finding.beside(&format!("beside a row of {name} in position {spoilt}")));
                }
            }
        }
    }
    let names: Vec<&str> = POISONS.iter().map(|(name, _)| *name).collect();
    Ok(Scene::verdict(&judge, format!("a row of {} in every position of {size}", names.join(", "))))
}

fn poisoned(inputs: &[Tensor], value: f64) -> Result<Vec<Tensor>, MeasureError> {
    // The largest double is no single: it is cut to the dtype's own largest, which the conversion would not do.
    let value = |tensor: &Tensor| if value == f64::MAX { largest(tensor) } else { value };
    let poison = |tensor: &Tensor| {
        if is_float(tensor) { alter(tensor, |_| value(tensor)) } else { Ok(tensor.clone()) }
    };
    inputs.iter().map(poison).collect()
}

fn largest(tensor: &Tensor) -> f64 {
    match tensor.dtype() {
        phalanx_tensor::DType::F16 => half::f16::MAX.to_f64(),
        phalanx_tensor::DType::BF16 => half::bf16::MAX.to_f64(),
        phalanx_tensor::DType::F32 => f64::from(f32::MAX),
        _ => f64::MAX,
    }
}

use half::{bf16, f16};
use phalanx_backend::ops::Operation;
use phalanx_tensor::{DType, Shape, Tensor};

use crate::MeasureError;

/// Operands of an operation, between -1 and 1; others for another seed.
pub(super) fn draw(operation: &Operation, seed: u64) -> Result<Vec<Tensor>, MeasureError> {
    let mut random = fastrand::Rng::with_seed(seed);
    let shapes = operation.inputs();
    shapes.into_iter().map(|shape| tensor(operation.dtype(), shape, &mut random)).collect()
}

fn tensor(dtype: DType, shape: Shape, random: &mut fastrand::Rng) -> Result<Tensor, MeasureError> {
    shape.size_bytes(dtype)?;
    let elements = shape.elements().unwrap_or(0);
    let numbers = (0..elements).map(|_| random.f32() * 2.0 - 1.0);
    let tensor = match dtype {
        DType::F16 => Tensor::from_vec(shape, numbers.map(f16::from_f32).collect::<Vec<_>>()),
        DType::BF16 => Tensor::from_vec(shape, numbers.map(bf16::from_f32).collect::<Vec<_>>()),
        _ => Tensor::from_vec(shape, numbers.collect::<Vec<_>>()),
    };
    Ok(tensor?)
}

use phalanx_tensor::{DType, Tensor};

use super::rig::Outputs;

/// Largest difference, relative to the row's largest magnitude, that different batch sizes may make.
const TOLERANCE_FP32: f64 = 1e-3;
/// The same for half precision.
const TOLERANCE_HALF: f64 = 2e-2;

/// Why row `row` of `together` and row `other_row` of `alone` are not the same; `None` where they are.
pub(super) fn difference(
    together: &Outputs,
    row: usize,
    alone: &Outputs,
    other_row: usize,
) -> Option<String> {
    let pairs = together.tensors.iter().zip(&alone.tensors).enumerate();
    pairs.into_iter().find_map(|(output, (left, right))| {
        if left.shape()[1..] != right.shape()[1..] {
            return Some(format!("output {output} has another shape in a batch than alone"));
        }
        let (left, right) =
            (left.slice_rows(row, row + 1).ok()?, right.slice_rows(other_row, other_row + 1).ok()?);
        let far = if left.dtype().is_float() {
            floats_differ(&left, &right)
        } else {
            left.bytes() != right.bytes()
        };
        far.then(|| {
            format!("a row gives another answer inside a batch than alone (output {output}, row {row})")
        })
    })
}

fn floats_differ(left: &Tensor, right: &Tensor) -> bool {
    let tolerance = match left.dtype() {
        DType::F32 | DType::F64 => TOLERANCE_FP32,
        _ => TOLERANCE_HALF,
    };
    let (left, right) = (floats(left), floats(right));
    let largest =
        left.iter().chain(&right).filter(|value| value.is_finite()).fold(0.0, |max: f64, v| max.max(v.abs()));
    left.iter().zip(&right).any(|(a, b)| {
        let same = a == b || (a.is_nan() && b.is_nan());
        !same && ((a - b).is_nan() || (a - b).abs() > tolerance * largest)
    })
}

/// The elements of a tensor of any of the four types of floats.
pub(crate) fn floats(tensor: &Tensor) -> Vec<f64> {
    match tensor.dtype() {
        DType::F32 => numbers::<f32>(tensor, f64::from),
        DType::F64 => numbers::<f64>(tensor, |number| number),
        DType::F16 => numbers(tensor, half::f16::to_f64),
        _ => numbers(tensor, half::bf16::to_f64),
    }
}

fn numbers<T: phalanx_tensor::Element>(tensor: &Tensor, convert: impl Fn(T) -> f64) -> Vec<f64> {
    tensor.to_vec::<T>().unwrap_or_default().into_iter().map(convert).collect()
}

use phalanx_model::Model;
use phalanx_tensor::Tensor;

use super::linear::{linear_transposed, relu};
use super::weights::Weights;

/// The answer of `samples::mlp`.
pub(crate) fn mlp(model: &Model, input: &Tensor) -> Tensor {
    const LAYERS: usize = 3;
    let weights = Weights::of(model);
    let mut rows = super::rows_of(input);
    for row in &mut rows {
        for layer in 0..LAYERS {
            let (weight, bias) =
                (weights.get(&format!("weight{layer}")), weights.get(&format!("bias{layer}")));
            *row = linear_transposed(row, weight, bias);
            if layer + 1 < LAYERS {
                relu(row);
            }
        }
    }
    super::from_rows(&rows, &[256])
}

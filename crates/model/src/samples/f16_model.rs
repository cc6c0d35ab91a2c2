use half::f16;
use phalanx_tensor::{DType, Tensor};

use super::weights::{Weights, tensor};
use crate::{GraphBuilder, Model};

/// Half precision throughout: a linear layer from `x` to `y`, both f16 `[batch, 4]`.
#[must_use]
pub fn f16_model(seed: u64) -> Model {
    let mut weights = Weights::new(seed);
    let mut graph = GraphBuilder::new("f16_model");
    graph.input("x", DType::F16, &super::rows(&[4]));
    graph.constant("weight", &halved(&weights.draw([4, 4], 4)));
    graph.constant("bias", &halved(&weights.draw([4], 4)));
    graph.node("y", "Gemm", &["x", "weight", "bias"], &[]);
    graph.output("y", DType::F16, &super::rows(&[4]));
    super::finish(graph)
}

/// The same numbers in half precision.
fn halved(single: &Tensor) -> Tensor {
    let values = single.to_vec::<f32>().expect("weights are drawn as f32");
    tensor(single.shape().clone(), values.into_iter().map(f16::from_f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_take_two_bytes() {
        let model = f16_model(1);
        assert_eq!(model.signature().inputs[0].dtype, DType::F16);
        assert_eq!((model.parameters(), model.parameter_bytes()), (20, 40));
    }
}

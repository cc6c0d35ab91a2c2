use phalanx_tensor::DType;

use super::weights::Weights;
use crate::proto::AttributeProto;
use crate::{GraphBuilder, Model};

/// Three linear layers, 256-512-512-256, with ReLU between: `input` to `output`, both f32 `[batch, 256]`.
#[must_use]
pub fn mlp(seed: u64) -> Model {
    const WIDTHS: [usize; 4] = [256, 512, 512, 256];
    let mut weights = Weights::new(seed);
    let mut graph = GraphBuilder::new("mlp");
    graph.input("input", DType::F32, &super::rows(&WIDTHS[..1]));
    let mut value = "input".to_owned();
    for (layer, pair) in WIDTHS.windows(2).enumerate() {
        let (from, to) = (pair[0], pair[1]);
        let weight = graph.constant(&format!("weight{layer}"), &weights.draw([to, from], from));
        let bias = graph.constant(&format!("bias{layer}"), &weights.draw([to], from));
        let last = layer + 2 == WIDTHS.len();
        let linear = if last { "output".to_owned() } else { format!("linear{layer}") };
        value = graph.node(&linear, "Gemm", &[&value, &weight, &bias], &[AttributeProto::int("transB", 1)]);
        if !last {
            value = graph.node(&format!("hidden{layer}"), "Relu", &[&value], &[]);
        }
    }
    graph.output(&value, DType::F32, &super::rows(&WIDTHS[3..]));
    super::finish(graph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_layers_it_says() {
        let model = mlp(1);
        assert_eq!(model.signature().inputs[0].to_string(), "input f32 [batch, 256]");
        assert_eq!(model.signature().outputs[0].to_string(), "output f32 [batch, 256]");
        assert_eq!((model.operators()["Gemm"], model.operators()["Relu"]), (3, 2));
        assert_eq!(model.parameters(), 256 * 512 + 512 + 512 * 512 + 512 + 512 * 256 + 256);
        assert_eq!(model.parameter_bytes(), 4 * model.parameters());
    }

    #[test]
    fn the_seed_decides_the_weights() {
        assert_eq!(mlp(1).fingerprint(), mlp(1).fingerprint());
        assert_ne!(mlp(1).fingerprint(), mlp(2).fingerprint());
    }
}

use phalanx_tensor::DType;

use super::weights::Weights;
use crate::proto::AttributeProto;
use crate::{GraphBuilder, Model};

/// Three 3×3 convolutions of stride 2, 3-8-16-32 channels with ReLU, then the mean and a linear layer: `x` f32
/// `[batch, 3, 32, 32]` to `y` f32 `[batch, 10]`.
#[must_use]
pub fn conv(seed: u64) -> Model {
    const CHANNELS: [usize; 4] = [3, 8, 16, 32];
    const CLASSES: usize = 10;
    let mut weights = Weights::new(seed);
    let mut graph = GraphBuilder::new("conv");
    graph.input("x", DType::F32, &super::rows(&[CHANNELS[0], 32, 32]));
    let window = [
        AttributeProto::ints("kernel_shape", &[3, 3]),
        AttributeProto::ints("pads", &[1, 1, 1, 1]),
        AttributeProto::ints("strides", &[2, 2]),
    ];
    let mut value = "x".to_owned();
    for (layer, pair) in CHANNELS.windows(2).enumerate() {
        let (from, to) = (pair[0], pair[1]);
        let weight = graph.constant(&format!("weight{layer}"), &weights.draw([to, from, 3, 3], from * 9));
        let bias = graph.constant(&format!("bias{layer}"), &weights.draw([to], from * 9));
        value = graph.node(&format!("conv{layer}"), "Conv", &[&value, &weight, &bias], &window);
        value = graph.node(&format!("relu{layer}"), "Relu", &[&value], &[]);
    }
    graph.node("pooled", "GlobalAveragePool", &[&value], &[]);
    graph.node("features", "Flatten", &["pooled"], &[AttributeProto::int("axis", 1)]);
    graph.constant("head.weight", &weights.draw([CLASSES, CHANNELS[3]], CHANNELS[3]));
    graph.constant("head.bias", &weights.draw([CLASSES], CHANNELS[3]));
    let transposed = [AttributeProto::int("transB", 1)];
    graph.node("y", "Gemm", &["features", "head.weight", "head.bias"], &transposed);
    graph.output("y", DType::F32, &super::rows(&[CLASSES]));
    super::finish(graph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_layers_it_says() {
        let model = conv(1);
        assert_eq!(model.signature().inputs[0].to_string(), "x f32 [batch, 3, 32, 32]");
        assert_eq!(model.signature().outputs[0].to_string(), "y f32 [batch, 10]");
        assert_eq!(model.operators()["Conv"], 3);
    }
}

use phalanx_tensor::{DType, Tensor};

use super::weights::{Weights, scalar, tensor, vector};
use crate::proto::AttributeProto;
use crate::{GraphBuilder, Model};

/// The size of an [`encoder()`]. The default is small enough for a demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderConfig {
    /// Layers, each attention and feed-forward.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Features of a head; a token has `heads` times as many.
    pub head_width: usize,
    /// Features inside the feed-forward part.
    pub feed_forward: usize,
    /// Tokens of a sample.
    pub tokens: usize,
    /// What the weights are drawn from.
    pub seed: u64,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self { layers: 2, heads: 4, head_width: 32, feed_forward: 256, tokens: 16, seed: 1 }
    }
}

impl EncoderConfig {
    /// Features of a token: the model's d.
    #[must_use]
    pub fn width(&self) -> usize {
        self.heads * self.head_width
    }
}

/// A transformer encoder (Vaswani et al., 2017, with normalisation before each part as in GPT-2, and ReLU): `input` to
/// `output`, both f32 `[batch, tokens, width]`.
#[must_use]
pub fn encoder(config: &EncoderConfig) -> Model {
    let dims = super::rows(&[config.tokens, config.width()]);
    let mut graph = GraphBuilder::new("encoder");
    graph.input("input", DType::F32, &dims);
    graph.constant("scale", &scalar(1.0 / (config.head_width as f32).sqrt()));
    graph.constant("split", &shape(&[0, config.tokens, config.heads, config.head_width]));
    graph.constant("join", &shape(&[0, config.tokens, config.width()]));
    graph.constant("norm.scale", &tensor([config.width()], vec![1.0_f32; config.width()]));
    graph.constant("norm.bias", &tensor([config.width()], vec![0.0_f32; config.width()]));

    let mut encoder = Encoder { config, weights: Weights::new(config.seed), graph };
    let mut value = "input".to_owned();
    for layer in 0..config.layers {
        value = encoder.layer(layer, &value);
    }
    encoder.norm("output", &value);
    encoder.graph.output("output", DType::F32, &dims);
    super::finish(encoder.graph)
}

struct Encoder<'a> {
    config: &'a EncoderConfig,
    weights: Weights,
    graph: GraphBuilder,
}

impl Encoder<'_> {
    fn layer(&mut self, layer: usize, input: &str) -> String {
        let name = |part: &str| format!("layer{layer}.{part}");
        let (width, inner) = (self.config.width(), self.config.feed_forward);
        let normal = self.norm(&name("norm1"), input);
        let attended = self.attention(&name("attention"), &normal);
        let residual = self.graph.node(&name("residual1"), "Add", &[input, &attended], &[]);

        let normal = self.norm(&name("norm2"), &residual);
        let hidden = self.linear(&name("up"), &normal, width, inner);
        let active = self.graph.node(&name("relu"), "Relu", &[&hidden], &[]);
        let forward = self.linear(&name("down"), &active, inner, width);
        self.graph.node(&name("residual2"), "Add", &[&residual, &forward], &[])
    }

    /// `softmax(q·kᵀ / √head_width)·v` in every head, between linear layers.
    fn attention(&mut self, name: &str, input: &str) -> String {
        let name = |part: &str| format!("{name}.{part}");
        let width = self.config.width();
        let query = self.heads(&name("query"), input, [0, 2, 1, 3]);
        let key = self.heads(&name("key"), input, [0, 2, 3, 1]);
        let value = self.heads(&name("value"), input, [0, 2, 1, 3]);
        let scores = self.graph.node(&name("scores"), "MatMul", &[&query, &key], &[]);
        let scaled = self.graph.node(&name("scaled"), "Mul", &[&scores, "scale"], &[]);
        let shares =
            self.graph.node(&name("shares"), "Softmax", &[&scaled], &[AttributeProto::int("axis", -1)]);
        let mixed = self.graph.node(&name("mixed"), "MatMul", &[&shares, &value], &[]);
        let swapped = self.transpose(&name("swapped"), &mixed, [0, 2, 1, 3]);
        let joined = self.graph.node(&name("joined"), "Reshape", &[&swapped, "join"], &[]);
        self.linear(&name("out"), &joined, width, width)
    }

    /// A linear layer whose output is split into heads, its axes put in this order.
    fn heads(&mut self, name: &str, input: &str, order: [i64; 4]) -> String {
        let width = self.config.width();
        let linear = self.linear(&format!("{name}.linear"), input, width, width);
        let split = self.graph.node(&format!("{name}.split"), "Reshape", &[&linear, "split"], &[]);
        self.transpose(name, &split, order)
    }

    fn linear(&mut self, name: &str, input: &str, from: usize, to: usize) -> String {
        let weight = self.graph.constant(&format!("{name}.weight"), &self.weights.draw([from, to], from));
        let bias = self.graph.constant(&format!("{name}.bias"), &self.weights.draw([to], from));
        let product = self.graph.node(&format!("{name}.product"), "MatMul", &[input, &weight], &[]);
        self.graph.node(name, "Add", &[&product, &bias], &[])
    }

    fn norm(&mut self, name: &str, input: &str) -> String {
        let inputs = [input, "norm.scale", "norm.bias"];
        let attributes = [AttributeProto::int("axis", -1), AttributeProto::float("epsilon", 1e-5)];
        self.graph.node(name, "LayerNormalization", &inputs, &attributes)
    }

    fn transpose(&mut self, name: &str, input: &str, order: [i64; 4]) -> String {
        self.graph.node(name, "Transpose", &[input], &[AttributeProto::ints("perm", &order)])
    }
}

/// The second input of `Reshape`, where 0 keeps an axis as it is.
fn shape(dims: &[usize]) -> Tensor {
    vector(&dims.iter().map(|&dim| dim as i64).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_operators_it_says() {
        let model = encoder(&EncoderConfig::default());
        assert_eq!(model.signature().inputs[0].to_string(), "input f32 [batch, 16, 128]");
        assert_eq!(model.signature().outputs[0].to_string(), "output f32 [batch, 16, 128]");
        assert_eq!(model.operators()["MatMul"], 2 * 8);
        assert_eq!(model.operators()["LayerNormalization"], 2 * 2 + 1);
    }

    #[test]
    fn without_layers_only_normalises() {
        let model = encoder(&EncoderConfig { layers: 0, ..EncoderConfig::default() });
        assert_eq!(model.operators().keys().collect::<Vec<_>>(), ["LayerNormalization"]);
    }
}

use phalanx_model::Model;
use phalanx_model::samples::EncoderConfig;
use phalanx_tensor::Tensor;

use super::linear::{linear, relu};
use super::weights::Weights;

/// The answer of `samples::encoder`.
pub(crate) fn encoder(model: &Model, config: &EncoderConfig, input: &Tensor) -> Tensor {
    let weights = Weights::of(model);
    let mut rows = super::rows_of(input);
    for row in &mut rows {
        let mut tokens: Vec<Vec<f64>> = row.chunks(config.width()).map(<[f64]>::to_vec).collect();
        for layer in 0..config.layers {
            Layer { config, weights: &weights, name: format!("layer{layer}") }.apply(&mut tokens);
        }
        *row = tokens.iter().flat_map(|token| norm(token)).collect();
    }
    super::from_rows(&rows, &[config.tokens, config.width()])
}

struct Layer<'a> {
    config: &'a EncoderConfig,
    weights: &'a Weights,
    name: String,
}

impl Layer<'_> {
    fn apply(&self, tokens: &mut [Vec<f64>]) {
        let normal: Vec<Vec<f64>> = tokens.iter().map(|token| norm(token)).collect();
        for (token, attended) in tokens.iter_mut().zip(self.attention(&normal)) {
            add(token, &self.linear("attention.out", &attended));
        }
        for token in tokens {
            let mut hidden = self.linear("up", &norm(token));
            relu(&mut hidden);
            add(token, &self.linear("down", &hidden));
        }
    }

    fn attention(&self, tokens: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let projected = |part: &str| -> Vec<Vec<f64>> {
            tokens.iter().map(|token| self.linear(&format!("attention.{part}.linear"), token)).collect()
        };
        let (queries, keys, values) = (projected("query"), projected("key"), projected("value"));
        let mix = |query: &Vec<f64>| -> Vec<f64> {
            (0..self.config.heads).flat_map(|head| self.mix_head(head, query, &keys, &values)).collect()
        };
        queries.iter().map(mix).collect()
    }

    fn mix_head(&self, head: usize, query: &[f64], keys: &[Vec<f64>], values: &[Vec<f64>]) -> Vec<f64> {
        let width = self.config.head_width;
        let part = |token: &[f64]| token[head * width..(head + 1) * width].to_vec();
        let query = part(query);
        let score = |key: &Vec<f64>| dot(&query, &part(key)) / (width as f64).sqrt();
        let shares = softmax(&keys.iter().map(score).collect::<Vec<_>>());
        let mut mixed = vec![0.0; width];
        for (share, value) in shares.iter().zip(values) {
            add(&mut mixed, &part(value).iter().map(|value| share * value).collect::<Vec<_>>());
        }
        mixed
    }

    fn linear(&self, part: &str, input: &[f64]) -> Vec<f64> {
        let name = format!("{}.{part}", self.name);
        linear(input, self.weights.get(&format!("{name}.weight")), self.weights.get(&format!("{name}.bias")))
    }
}

fn norm(values: &[f64]) -> Vec<f64> {
    const EPSILON: f64 = 1e-5;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean) / (variance + EPSILON).sqrt()).collect()
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - max).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn add(target: &mut [f64], values: &[f64]) {
    target.iter_mut().zip(values).for_each(|(target, value)| *target += value);
}

use phalanx_model::Model;
use phalanx_tensor::Tensor;

use super::linear::{linear_transposed, relu};
use super::weights::Weights;

/// The answer of `samples::conv`.
pub(crate) fn conv(model: &Model, input: &Tensor) -> Tensor {
    let weights = Weights::of(model);
    let mut rows = super::rows_of(input);
    for row in &mut rows {
        let mut side = 32;
        for layer in 0..3 {
            let (weight, bias) =
                (weights.get(&format!("weight{layer}")), weights.get(&format!("bias{layer}")));
            *row = convolve(row, side, weight, bias);
            relu(row);
            side /= 2;
        }
        let pooled: Vec<f64> =
            row.chunks(side * side).map(|plane| plane.iter().sum::<f64>() / (side * side) as f64).collect();
        *row = linear_transposed(&pooled, weights.get("head.weight"), weights.get("head.bias"));
    }
    super::from_rows(&rows, &[10])
}

/// A 3×3 convolution of stride 2 over square planes, padded with one zero all around.
fn convolve(input: &[f64], side: usize, weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let (planes, half) = (input.len() / (side * side), side / 2);
    let pixel = |plane: usize, y: usize, x: usize| {
        // Coordinates of the padded plane, so that none is negative.
        let inside = (1..=side).contains(&y) && (1..=side).contains(&x);
        if inside { input[(plane * side + y - 1) * side + x - 1] } else { 0.0 }
    };
    let mut output = Vec::with_capacity(bias.len() * half * half);
    for (filter, bias) in weight.chunks(planes * 9).zip(bias) {
        for y in 0..half {
            for x in 0..half {
                let taps = filter.iter().enumerate().map(|(tap, weight)| {
                    let (plane, within) = (tap / 9, tap % 9);
                    weight * pixel(plane, 2 * y + within / 3, 2 * x + within % 3)
                });
                output.push(bias + taps.sum::<f64>());
            }
        }
    }
    output
}

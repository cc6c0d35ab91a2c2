use phalanx_model::Model;
use phalanx_tensor::Tensor;

use super::weights::Weights;

/// The answers of `samples::sequence`: `pooled` and `tokens`.
pub(crate) fn sequence(model: &Model, ids: &Tensor, mask: &Tensor) -> [Tensor; 2] {
    const WIDTH: usize = 8;
    let weights = Weights::of(model);
    let table = weights.get("table");
    let tokens_of = |ids: &[i64]| -> Vec<f64> {
        ids.iter().flat_map(|&id| table[id as usize * WIDTH..][..WIDTH].to_vec()).collect()
    };
    let length = ids.shape()[1];
    let all: Vec<i64> = ids.to_vec().expect("ids are i64");
    let tokens: Vec<Vec<f64>> = all.chunks(length).map(tokens_of).collect();
    let pooled: Vec<Vec<f64>> = tokens
        .iter()
        .zip(super::rows_of(mask))
        .map(|(tokens, mask)| {
            let count = mask.iter().sum::<f64>().max(1.0);
            let feature = |index: usize| -> f64 {
                tokens.chunks(WIDTH).zip(&mask).map(|(token, mask)| token[index] * mask).sum::<f64>() / count
            };
            (0..WIDTH).map(feature).collect()
        })
        .collect();
    [super::from_rows(&pooled, &[WIDTH]), super::from_rows(&tokens, &[length, WIDTH])]
}

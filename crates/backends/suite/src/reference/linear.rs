/// `input · weight + bias`, `weight` row-major with one row an input feature.
pub(crate) fn linear(input: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let outputs = bias.len();
    (0..outputs)
        .map(|to| {
            let products = input.iter().enumerate().map(|(from, value)| value * weight[from * outputs + to]);
            bias[to] + products.sum::<f64>()
        })
        .collect()
}

/// `input · weightᵀ + bias`, `weight` row-major with one row an output feature.
pub(super) fn linear_transposed(input: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let rows = weight.chunks(input.len()).zip(bias);
    rows.map(|(row, bias)| bias + row.iter().zip(input).map(|(weight, value)| weight * value).sum::<f64>())
        .collect()
}

/// Negative values become zero.
pub(super) fn relu(values: &mut [f64]) {
    values.iter_mut().for_each(|value| *value = value.max(0.0));
}

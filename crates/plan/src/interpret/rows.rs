use super::kernel::evaluate;
use super::lanes::Lanes;
use super::memory::Memory;
use crate::op::{Reduction, Rows};

pub(super) fn rows(memory: &Memory<'_>, op: &Rows) -> Lanes {
    let mut elements = evaluate(memory, &op.before, &op.full_shape(), None).floats();
    let length = op.inner.iter().product::<usize>();
    elements.chunks_mut(length).for_each(|row| reduce(op.reduction, row));
    if !op.reduction.is_per_element() {
        elements = elements.into_iter().step_by(length).collect();
    }
    evaluate(memory, &op.after, &op.shape(), Some(&elements))
}

/// Replaces the elements of a row by the results, or its first by the only one.
pub(super) fn reduce(reduction: Reduction, row: &mut [f32]) {
    let count = row.len() as f64;
    let total = |row: &[f32], of: &dyn Fn(f64) -> f64| row.iter().map(|&x| of(x.into())).sum::<f64>();
    let result = match reduction {
        Reduction::Sum => total(row, &|x| x) as f32,
        Reduction::Product => row.iter().map(|&x| f64::from(x)).product::<f64>() as f32,
        Reduction::Max => row.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        Reduction::Min => row.iter().copied().fold(f32::INFINITY, f32::min),
        Reduction::MeanOfSquares => (total(row, &|x| x * x) / count) as f32,
        Reduction::Softmax => return softmax(row),
        Reduction::LogSoftmax => {
            let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum = row.iter().map(|&x| f64::from(x - max).exp()).sum::<f64>().ln() as f32;
            return row.iter_mut().for_each(|x| *x = *x - max - sum);
        }
        Reduction::LayerNorm { epsilon } => {
            let mean = total(row, &|x| x) / count;
            let variance = total(row, &|x| (x - mean) * (x - mean)) / count;
            let factor = (variance + f64::from(epsilon)).sqrt().recip();
            return row.iter_mut().for_each(|x| *x = ((f64::from(*x) - mean) * factor) as f32);
        }
        Reduction::RmsNorm { epsilon } => {
            let factor = (total(row, &|x| x * x) / count + f64::from(epsilon)).sqrt().recip();
            return row.iter_mut().for_each(|x| *x = (f64::from(*x) * factor) as f32);
        }
    };
    row[0] = result;
}

fn softmax(row: &mut [f32]) {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    row.iter_mut().for_each(|x| *x = (*x - max).exp());
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|x| *x /= sum);
}

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};
use phalanx_backend::ops::{LoraPairs, Operation, Products};

/// `d = a·b` of matrices whose rows are dense: m × k by k × n.
pub(super) type Multiply = fn([usize; 3], &[f32], &[f32], &mut [f32]);

/// Computes an operation by products of single matrices.
pub(super) fn run(operation: &Operation, inputs: &[Vec<f32>], result: &mut [f32], multiply: Multiply) {
    match (operation, inputs) {
        (Operation::Products(products), [a, b]) => each(products, a, b, result, multiply),
        (Operation::Lora(pairs), [x, a, b]) => lora(pairs, [x, a, b], result, multiply),
        // Memory has the operands of its operation.
        _ => {}
    }
}

fn each(products: &Products, a: &[f32], b: &[f32], result: &mut [f32], multiply: Multiply) {
    let Products { m, n, k, .. } = *products;
    let matrices = a.chunks(m * k).zip(b.chunks(k * n)).zip(result.chunks_mut(m * n));
    matrices.for_each(|((a, b), d)| multiply([m, n, k], a, b, d));
}

fn lora(pairs: &LoraPairs, [x, a, b]: [&[f32]; 3], result: &mut [f32], multiply: Multiply) {
    let LoraPairs { group_rows, width, rank, n, .. } = *pairs;
    let mut hidden = vec![0.0; group_rows * rank];
    let groups = x.chunks(group_rows * width).zip(result.chunks_mut(group_rows * n)).zip(&pairs.chosen);
    for ((x, d), &adapter) in groups {
        let adapter = adapter as usize;
        multiply([group_rows, rank, width], x, &a[adapter * width * rank..][..width * rank], &mut hidden);
        multiply([group_rows, n, rank], &hidden, &b[adapter * rank * n..][..rank * n], d);
    }
}

/// By a library that packs its operands.
pub(super) fn library([m, n, k]: [usize; 3], a: &[f32], b: &[f32], d: &mut [f32]) {
    let views = (
        ArrayView2::from_shape((m, k), a),
        ArrayView2::from_shape((k, n), b),
        ArrayViewMut2::from_shape((m, n), d),
    );
    if let (Ok(a), Ok(b), Ok(mut d)) = views {
        general_mat_mul(1.0, &a, &b, 0.0, &mut d);
    }
}

/// By loops whose innermost one the compiler can do several steps of at once.
pub(super) fn loops([_, n, k]: [usize; 3], a: &[f32], b: &[f32], d: &mut [f32]) {
    for (a, d) in a.chunks(k).zip(d.chunks_mut(n)) {
        d.fill(0.0);
        for (&factor, b) in a.iter().zip(b.chunks(n)) {
            d.iter_mut().zip(b).for_each(|(sum, &b)| *sum += factor * b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_multiply() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        for multiply in [library as Multiply, loops] {
            let mut d = [f32::NAN; 4];
            multiply([2, 2, 3], &a, &b, &mut d);
            assert_eq!(d, [4.0, 5.0, 10.0, 11.0]);
        }
    }
}

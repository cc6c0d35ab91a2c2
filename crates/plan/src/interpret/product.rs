use phalanx_backend::Precision;
use tract_onnx::prelude::tract_ndarray::{Array2, ArrayView2, ShapeBuilder};

use super::epilogue::finish;
use super::memory::Memory;
use super::walk::offsets;
use crate::op::{Operand, Product};

pub(super) fn product(memory: &Memory<'_>, op: &Product) -> Vec<f32> {
    let (a, b) = (matrix(memory, &op.a), matrix(memory, &op.b));
    let count = op.batch.len();
    let starts = |operand: &Operand| offsets(&op.batch, &operand.strides[..count], operand.offset);
    let mut sums = Vec::with_capacity(op.shape().iter().product());
    for (a_start, b_start) in starts(&op.a).into_iter().zip(starts(&op.b)) {
        let rows = view(&a[a_start..], (op.m, op.k), &op.a.strides[count..]);
        let columns = view(&b[b_start..], (op.k, op.n), &op.b.strides[count..]);
        sums.extend(rows.dot(&columns));
    }
    finish(memory, &op.epilogue, &op.shape(), sums)
}

/// The elements of a matrix as the precision has them multiplied.
pub(super) fn matrix<'a>(memory: &'a Memory<'_>, operand: &Operand) -> std::borrow::Cow<'a, [f32]> {
    let exact = memory.floats(operand.value);
    if memory.precision() == Precision::Tf32 {
        return exact.iter().map(|&number| tf32(number)).collect();
    }
    exact
}

/// Rounded to the 10 bits of mantissa that tf32 has.
fn tf32(number: f32) -> f32 {
    if !number.is_finite() {
        return number;
    }
    f32::from_bits((number.to_bits().wrapping_add(0x1000)) & !0x1FFF)
}

/// A matrix in memory. An axis of size 1 may have any stride.
pub(super) fn view<'a>(elements: &'a [f32], shape: (usize, usize), strides: &[usize]) -> ArrayView2<'a, f32> {
    let strides = (strides[0], strides[1]);
    ArrayView2::from_shape(shape.strides(strides), elements)
        .expect("a checked plan reads no element outside of its values")
}

/// A dense matrix.
pub(super) fn dense(elements: Vec<f32>, shape: (usize, usize)) -> Array2<f32> {
    Array2::from_shape_vec(shape, elements).expect("it was filled with as many elements as it has")
}

//! What the sample models should answer, computed in double precision with plain loops from the weights in their
//! files: a reference that shares no code with any runtime.

mod conv;
mod encoder;
mod linear;
mod mlp;
mod sequence;
mod weights;

pub(crate) use conv::conv;
pub(crate) use encoder::encoder;
pub(crate) use linear::linear;
pub(crate) use mlp::mlp;
pub(crate) use sequence::sequence;

use phalanx_tensor::{Shape, Tensor};

/// Rows of numbers, as many as `tensor` has.
fn rows_of(tensor: &Tensor) -> Vec<Vec<f64>> {
    let values: Vec<f32> = tensor.to_vec().expect("the samples compute with f32");
    let row_len = tensor.shape().tail().iter().product::<usize>().max(1);
    values.chunks(row_len).map(|row| row.iter().copied().map(f64::from).collect()).collect()
}

/// The opposite of [`rows_of`].
fn from_rows(rows: &[Vec<f64>], tail: &[usize]) -> Tensor {
    let values: Vec<f32> = rows.iter().flatten().map(|&value| value as f32).collect();
    Tensor::from_vec(Shape::new(tail).with_rows(rows.len()), values).expect("each row has the tail's size")
}

use super::kernel::evaluate;
use super::memory::Memory;
use super::product::{dense, matrix, view};
use super::rows::reduce;
use super::walk::offsets;
use crate::op::{Attention, Operand, Reduction};

pub(super) fn attention(memory: &Memory<'_>, op: &Attention) -> Vec<f32> {
    let (query, key, value) = (matrix(memory, &op.query), matrix(memory, &op.key), matrix(memory, &op.value));
    let count = op.batch.len();
    let starts = |operand: &Operand| offsets(&op.batch, &operand.strides[..count], operand.offset);
    let mut products = Vec::new();
    for (query_start, key_start) in starts(&op.query).into_iter().zip(starts(&op.key)) {
        let rows = view(&query[query_start..], (op.queries, op.width), &op.query.strides[count..]);
        let columns = view(&key[key_start..], (op.keys, op.width), &op.key.strides[count..]);
        products.extend(rows.dot(&columns.t()));
    }
    let mut scores = evaluate(memory, &op.score, &op.score_shape(), Some(&products)).floats();
    scores.chunks_mut(op.keys).for_each(|row| reduce(Reduction::Softmax, row));
    let mut results = Vec::new();
    for (index, start) in starts(&op.value).into_iter().enumerate() {
        let size = op.queries * op.keys;
        let shares = dense(scores[index * size..(index + 1) * size].to_vec(), (op.queries, op.keys));
        let values = view(&value[start..], (op.keys, op.value_width), &op.value.strides[count..]);
        results.extend(shares.dot(&values));
    }
    results
}

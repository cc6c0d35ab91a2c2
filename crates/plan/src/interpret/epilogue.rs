use super::functions::activate;
use super::memory::Memory;
use super::walk::offsets;
use crate::op::Epilogue;

/// `activation(scale · sum + bias + residual)` of each sum.
pub(super) fn finish(memory: &Memory<'_>, epilogue: &Epilogue, shape: &[usize], sums: Vec<f32>) -> Vec<f32> {
    let mut results: Vec<f32> = sums.into_iter().map(|sum| sum * epilogue.scale).collect();
    for operand in epilogue.operands() {
        let elements = memory.floats(operand.value);
        let places = offsets(shape, &operand.strides, operand.offset);
        results.iter_mut().zip(places).for_each(|(result, place)| *result += elements[place]);
    }
    results.iter_mut().for_each(|result| *result = activate(epilogue.activation, *result));
    results
}

//! Which values are stored in 16 bits.

use std::collections::HashSet;

use phalanx_backend::Precision;
use phalanx_tensor::{DType, Shape};

use crate::draft::Draft;
use crate::kernel::{Builder, Class};
use crate::op::{Map, Op, Operand};
use crate::plan::Step;
use crate::stride::dense;
use crate::value::{Place, ValueId};

/// Chooses the dtypes of values for a precision: those that products, convolutions and attention read or write become
/// half as wide.
pub(crate) fn store(draft: &mut Draft, precision: Precision) {
    let half = match precision {
        Precision::Fp32 | Precision::Tf32 => return,
        Precision::Fp16 => DType::F16,
        Precision::Bf16 => DType::BF16,
    };
    for value in matrices(draft) {
        let value = &mut draft.values[value.0];
        if matches!(value.place, Place::Arena { .. }) {
            value.dtype = half;
        }
    }
    // From the end, since casts are put before the step that needs them.
    for index in (0..draft.steps.len()).rev() {
        narrow_operands(draft, index, half);
    }
}

/// The floats that matrices are made of.
fn matrices(draft: &Draft) -> HashSet<ValueId> {
    let mut found = HashSet::new();
    for step in &draft.steps {
        let read = matrix_operands(&step.op);
        if !read.is_empty() {
            found.extend(read.into_iter().map(|operand| operand.value));
            found.insert(step.output);
        }
    }
    found.retain(|&value| Class::of(draft.value(value).dtype) == Some(Class::Float));
    found
}

/// What an operation reads as matrices, its residual with them.
fn matrix_operands(op: &Op) -> Vec<&Operand> {
    match op {
        Op::Product(op) => [&op.a, &op.b].into_iter().chain(&op.epilogue.residual).collect(),
        Op::Conv(op) => [&op.input, &op.weight].into_iter().chain(&op.epilogue.residual).collect(),
        Op::Attention(op) => vec![&op.query, &op.key, &op.value],
        Op::Rows(_) | Op::Map(_) | Op::Pool(_) => Vec::new(),
    }
}

/// Gives an operation narrow constants, and narrow copies of what must stay as it is. A bias takes the dtype of the
/// result, as libraries of products want it.
fn narrow_operands(draft: &mut Draft, index: usize, half: DType) {
    let mut replaced: Vec<(ValueId, ValueId)> = Vec::new();
    let mut casts: Vec<Step> = Vec::new();
    let matrices: Vec<ValueId> =
        matrix_operands(&draft.steps[index].op).into_iter().map(|operand| operand.value).collect();
    for value in matrices {
        let dtype = draft.value(value).dtype;
        let is_known = replaced.iter().any(|(from, _)| *from == value);
        if is_known || dtype == half || Class::of(dtype) != Some(Class::Float) {
            continue;
        }
        let narrow = match narrow_constant(draft, value, half) {
            Some(narrow) => narrow,
            None => {
                let (step, narrow) = cast(draft, value, half);
                casts.push(step);
                narrow
            }
        };
        replaced.push((value, narrow));
    }
    let output_dtype = draft.value(draft.steps[index].output).dtype;
    let bias = match &draft.steps[index].op {
        Op::Product(op) => op.epilogue.bias.as_ref(),
        Op::Conv(op) => op.epilogue.bias.as_ref(),
        _ => None,
    };
    let bias = bias.map(|bias| bias.value);
    let bias = bias.and_then(|bias| Some((bias, narrow_constant(draft, bias, output_dtype)?)));
    let op = &mut draft.steps[index].op;
    for (from, to) in replaced {
        retarget(op, from, to);
    }
    if let (Some((_, narrow)), Some(bias)) = (bias, bias_mut(op)) {
        bias.value = narrow;
    }
    draft.steps.splice(index..index, casts);
}

fn bias_mut(op: &mut Op) -> Option<&mut Operand> {
    match op {
        Op::Product(op) => op.epilogue.bias.as_mut(),
        Op::Conv(op) => op.epilogue.bias.as_mut(),
        _ => None,
    }
}

fn retarget(op: &mut Op, from: ValueId, to: ValueId) {
    let operands: Vec<&mut Operand> = match op {
        Op::Product(op) => [&mut op.a, &mut op.b].into_iter().chain(&mut op.epilogue.residual).collect(),
        Op::Conv(op) => {
            [&mut op.input, &mut op.weight].into_iter().chain(&mut op.epilogue.residual).collect()
        }
        Op::Attention(op) => vec![&mut op.query, &mut op.key, &mut op.value],
        Op::Rows(_) | Op::Map(_) | Op::Pool(_) => Vec::new(),
    };
    operands.into_iter().filter(|operand| operand.value == from).for_each(|operand| operand.value = to);
}

fn narrow_constant(draft: &mut Draft, value: ValueId, dtype: DType) -> Option<ValueId> {
    let constant = draft.constant(value)?;
    let (tensor, hash) = (constant.tensor.clone(), constant.hash);
    Some(draft.add_constant_as(&tensor, hash, dtype))
}

/// A copy of a value in another dtype.
fn cast(draft: &mut Draft, value: ValueId, dtype: DType) -> (Step, ValueId) {
    let shape: Shape = draft.value(value).shape.clone();
    let store = dense(&shape);
    let mut builder = Builder::default();
    let root = builder.load(Operand { value, offset: 0, strides: store.clone() });
    let kernel = builder.finish(root);
    let narrow = draft.add_result(dtype, &shape);
    let map = Map { shape: shape.to_vec(), kernel, store, store_offset: 0 };
    (Step { name: "narrow".to_owned(), op: Op::Map(map), output: narrow }, narrow)
}

use super::lifetimes::Life;
use crate::draft::Draft;
use crate::kernel::Kernel;
use crate::op::{Map, Op, Operand};
use crate::stride::is_dense;
use crate::value::{Place, ValueId};

/// A value that the step which writes `life`'s may write over: its last reader, which reads each element of it only to
/// write the one that lies there.
pub(super) fn overwritten(draft: &Draft, life: &Life) -> Option<ValueId> {
    let step = &draft.steps[life.first];
    let written = draft.value(life.value);
    draft.producer(life.value)?;
    candidates(&step.op).into_iter().map(|operand| operand.value).find(|&value| {
        let read = draft.value(value);
        let is_alike = matches!(read.place, Place::Arena { .. })
            && read.dtype == written.dtype
            && read.elements() == written.elements();
        is_alike
            && draft.producer(value).is_some()
            && draft.readers(value).last() == Some(&life.first)
            && is_safe(&step.op, value, written.elements())
    })
}

/// What a step reads element by element as it writes.
fn candidates(op: &Op) -> Vec<&Operand> {
    match op {
        Op::Map(map) => map.kernel.operands.iter().collect(),
        Op::Product(product) => product.epilogue.residual.iter().collect(),
        _ => Vec::new(),
    }
}

fn is_safe(op: &Op, value: ValueId, elements: usize) -> bool {
    let shape = op.shape();
    let lies_alike = |operand: &Operand| operand.offset == 0 && operand.strides == op.store();
    if !is_dense(&shape, op.store(), elements) {
        return false;
    }
    match op {
        Op::Map(Map { kernel, store_offset: 0, .. }) => {
            of_value(kernel, value).all(|(index, operand)| lies_alike(operand) && !kernel.is_indirect(index))
        }
        Op::Product(product) => {
            let reads_else = product.a.value == value
                || product.b.value == value
                || product.epilogue.bias.as_ref().is_some_and(|bias| bias.value == value);
            !reads_else && product.epilogue.residual.as_ref().is_some_and(lies_alike)
        }
        _ => false,
    }
}

fn of_value(kernel: &Kernel, value: ValueId) -> impl Iterator<Item = (usize, &Operand)> {
    kernel.operands.iter().enumerate().filter(move |(_, operand)| operand.value == value)
}

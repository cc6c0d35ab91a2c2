//! Places in the arena for all values between inputs and outputs.

mod arena;
mod in_place;
mod lifetimes;

use std::collections::HashMap;

use phalanx_backend::Precision;

use self::arena::{Block, pack};
use crate::draft::Draft;
use crate::kernel::{Class, Kernel, Node, NodeId};
use crate::plan::{Arena, IndexBound, Plan};
use crate::value::{Place, Value, ValueId};

/// Drops what no step refers to, and lays out the rest.
pub(crate) fn lay_out(mut draft: Draft, precision: Precision) -> Plan {
    renumber(&mut draft);
    let arena = place(&mut draft);
    let index_bounds = index_bounds(&draft);
    let Draft { inputs, outputs, values, constants, steps, .. } = draft;
    Plan { precision, inputs, outputs, values, constants, steps, arena, index_bounds }
}

/// Numbers values and constants in the order of their use, leaving out those that have none.
fn renumber(draft: &mut Draft) {
    let mut order: Vec<ValueId> = draft.inputs.iter().map(|port| port.value).collect();
    for step in &draft.steps {
        order.extend(step.op.operands().iter().map(|(operand, _)| operand.value));
        order.push(step.output);
    }
    let mut numbers: HashMap<ValueId, ValueId> = HashMap::new();
    let (mut values, mut constants): (Vec<Value>, Vec<_>) = (Vec::new(), Vec::new());
    for old in order {
        if numbers.contains_key(&old) {
            continue;
        }
        let mut value = draft.value(old).clone();
        if let Some(constant) = draft.constant(old) {
            constants.push(constant.clone());
            value.place = Place::Constant(constants.len() - 1);
        }
        numbers.insert(old, ValueId(values.len()));
        values.push(value);
    }
    let number = |id: &mut ValueId| *id = numbers.get(id).copied().unwrap_or(*id);
    for step in &mut draft.steps {
        step.op.operands_mut().into_iter().for_each(|operand| number(&mut operand.value));
        number(&mut step.output);
    }
    draft.inputs.iter_mut().chain(&mut draft.outputs).for_each(|port| number(&mut port.value));
    draft.values = values;
    draft.constants = constants;
}

/// Gives each value its place; values that are written over another share its block.
fn place(draft: &mut Draft) -> Arena {
    let mut blocks: Vec<Block> = Vec::new();
    let mut members: Vec<Vec<ValueId>> = Vec::new();
    let mut block_of: HashMap<ValueId, usize> = HashMap::new();
    let mut bytes_unshared = 0;
    for life in lifetimes::lifetimes(draft) {
        let bytes = arena::aligned(draft.value(life.value).size_bytes());
        bytes_unshared += bytes;
        let over = in_place::overwritten(draft, &life).and_then(|value| block_of.get(&value).copied());
        let block = over.unwrap_or_else(|| {
            blocks.push(Block { bytes, first: life.first, last: life.last });
            members.push(Vec::new());
            blocks.len() - 1
        });
        blocks[block].last = blocks[block].last.max(life.last);
        members[block].push(life.value);
        block_of.insert(life.value, block);
    }
    let (offsets, bytes) = pack(&blocks);
    for (offset_bytes, values) in offsets.into_iter().zip(members) {
        for value in values {
            draft.values[value.0].place = Place::Arena { offset_bytes };
        }
    }
    Arena { bytes, bytes_min: arena::lower_bound(&blocks), bytes_unshared }
}

/// The indices that are read of inputs as they are.
fn index_bounds(draft: &Draft) -> Vec<IndexBound> {
    let mut bounds: Vec<IndexBound> = Vec::new();
    let kernels = draft.steps.iter().flat_map(|step| step.op.kernels());
    for (kernel, _) in kernels {
        for node in &kernel.nodes {
            let Node::LoadAt { index, size, .. } = *node else { continue };
            let Some(operand) = loaded(kernel, index) else { continue };
            let value = draft.value(kernel.operands[operand].value);
            let (Place::Input(input), Some(Class::Integer)) = (value.place, Class::of(value.dtype)) else {
                continue;
            };
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            let bound = IndexBound { input, min: -size, max: size - 1 };
            if !bounds.contains(&bound) {
                bounds.push(bound);
            }
        }
    }
    bounds
}

/// The operand that a node gives the integers of, in whichever width.
fn loaded(kernel: &Kernel, node: NodeId) -> Option<usize> {
    match kernel.nodes[node] {
        Node::Load(operand) => Some(operand),
        Node::Cast(dtype, of) if Class::of(dtype) == Some(Class::Integer) => loaded(kernel, of),
        _ => None,
    }
}

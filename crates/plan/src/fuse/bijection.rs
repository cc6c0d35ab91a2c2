use crate::draft::Draft;
use crate::op::{Map, Op};
use crate::stride::{Loop, is_dense, restride};
use crate::value::ValueId;

/// An element-wise operation that makes one element of each element of a value, and is the only one to read it.
pub(super) struct Follower {
    /// The step.
    pub(super) index: usize,
    pub(super) map: Map,
    /// Its operand that is the value.
    pub(super) operand: usize,
}

impl Follower {
    /// The operation that follows step `index` in this way.
    pub(super) fn of(draft: &Draft, index: usize) -> Option<Self> {
        let value = draft.steps[index].output;
        let next = draft.only_reader(value)?;
        let Op::Map(map) = &draft.steps[next].op else { return None };
        draft.producer(value)?;
        let operand = only_operand(map, value)?;
        let read = &map.kernel.operands[operand];
        let elements = draft.value(value).elements();
        let reads_all = read.offset == 0 && is_dense(&map.shape, &read.strides, elements);
        let writes_all = map.store_offset == 0
            && is_dense(&map.shape, &map.store, draft.value(draft.steps[next].output).elements());
        (reads_all && writes_all && !map.kernel.is_indirect(operand)).then(|| Self {
            index: next,
            map: map.clone(),
            operand,
        })
    }

    /// Strides over axes of the value, given as sizes and strides there, of what has `strides` over the map's axes.
    pub(super) fn along(&self, shape: &[usize], store: &[usize], strides: &[usize]) -> Option<Vec<usize>> {
        let read = &self.map.kernel.operands[self.operand].strides;
        let axes = self.map.shape.iter().zip(read).zip(strides);
        let sources: Vec<Loop> =
            axes.map(|((&size, &stride), &other)| Loop { size, stride, other }).collect();
        let targets: Vec<(usize, usize)> = shape.iter().copied().zip(store.iter().copied()).collect();
        restride(&targets, 0, &sources).map(|(_, strides)| strides)
    }
}

/// The operand of a map that is this value, where there is one.
fn only_operand(map: &Map, value: ValueId) -> Option<usize> {
    let mut operands =
        (0..map.kernel.operands.len()).filter(|&index| map.kernel.operands[index].value == value);
    operands.next().filter(|_| operands.next().is_none())
}

use crate::draft::Draft;
use crate::kernel::Kernel;
use crate::op::{Map, Op, Operand};
use crate::stride::{Loop, is_dense, restride};
use crate::value::Place;

/// Nodes of a kernel, at most: what still compiles quickly and fits registers.
const NODES_MAX: usize = 128;
/// Operands of a kernel, at most: fewer than the slots of Metal's table of buffers.
const OPERANDS_MAX: usize = 16;
/// Arithmetic that is done again for each element rather than stored, where one element is read for many.
const REPEATED_FLOPS_MAX: usize = 8;

/// An element-wise operation before a kernel is done by the kernel.
pub(super) fn absorb(draft: &mut Draft, index: usize) -> bool {
    let kernels = draft.steps[index].op.kernels();
    let absorbed = kernels.into_iter().map(|(kernel, shape)| absorbed(draft, kernel, &shape));
    let absorbed: Vec<Option<Kernel>> = absorbed.collect();
    let is_changed = absorbed.iter().any(Option::is_some);
    let mut absorbed = absorbed.into_iter();
    let mut replace = |kernel: &mut Kernel| {
        if let Some(new) = absorbed.next().flatten() {
            *kernel = new;
        }
    };
    match &mut draft.steps[index].op {
        Op::Map(map) => replace(&mut map.kernel),
        Op::Rows(rows) => {
            replace(&mut rows.before);
            replace(&mut rows.after);
        }
        // Attention keeps its mask as it is: kernels written by hand take one.
        _ => return false,
    }
    is_changed
}

/// The kernel with the first of its operands that can be computed in place.
fn absorbed(draft: &Draft, kernel: &Kernel, shape: &[usize]) -> Option<Kernel> {
    (0..kernel.operands.len()).find_map(|place| {
        let operand = &kernel.operands[place];
        let value = draft.value(operand.value);
        let Op::Map(map) = &draft.steps[draft.producer(operand.value)?].op else { return None };
        let is_whole = matches!(value.place, Place::Arena { .. });
        let is_cheap = map.kernel.flops() == 0 && map.kernel.operands.len() == 1;
        let is_shared = draft.only_reader(operand.value).is_none();
        let times = shape.iter().product::<usize>() / value.elements().max(1);
        let is_repeated = times > 1 && map.kernel.flops() > REPEATED_FLOPS_MAX;
        if !is_whole || kernel.is_indirect(place) || (is_shared && !is_cheap) || is_repeated {
            return None;
        }
        let sources = map.kernel.operands.iter().map(|source| through(draft, map, operand, shape, source));
        let inner = Kernel { operands: sources.collect::<Option<_>>()?, nodes: map.kernel.nodes.clone() };
        let new = kernel.inline(|other| (other == place).then(|| inner.clone()), None);
        is_small(&new).then_some(new)
    })
}

/// `source`, an operand of `map`, as whoever reads the result of `map` as `operand` over `shape` has to read it.
pub(super) fn through(
    draft: &Draft,
    map: &Map,
    operand: &Operand,
    shape: &[usize],
    source: &Operand,
) -> Option<Operand> {
    let is_whole = is_dense(&map.shape, &map.store, draft.value(operand.value).elements());
    if !is_whole || map.store_offset != 0 {
        return None;
    }
    let axes = map.shape.iter().zip(&map.store).zip(&source.strides);
    let sources: Vec<Loop> = axes.map(|((&size, &stride), &other)| Loop { size, stride, other }).collect();
    let targets: Vec<(usize, usize)> = shape.iter().copied().zip(operand.strides.iter().copied()).collect();
    let (offset, strides) = restride(&targets, operand.offset, &sources)?;
    Some(Operand { value: source.value, offset: source.offset + offset, strides })
}

pub(super) fn is_small(kernel: &Kernel) -> bool {
    kernel.nodes.len() <= NODES_MAX && kernel.operands.len() <= OPERANDS_MAX
}

use super::bijection::Follower;
use crate::draft::Draft;
use crate::kernel::Kernel;
use crate::op::{Op, Operand};

/// An element-wise operation after a normalisation or reduction is done before its result is stored.
pub(super) fn rows_after(draft: &mut Draft, index: usize) -> bool {
    let Op::Rows(rows) = &draft.steps[index].op else { return false };
    let Some(follower) = Follower::of(draft, index) else { return false };
    let shape = rows.shape();
    let along = |strides: &[usize]| follower.along(&shape, &rows.store, strides);
    let operands = follower.map.kernel.operands.iter().enumerate().map(|(place, operand)| {
        // The one that is the result itself is replaced, wherever it lies.
        let strides =
            if place == follower.operand { Some(rows.store.clone()) } else { along(&operand.strides) };
        Some(Operand { strides: strides?, ..operand.clone() })
    });
    let Some(operands) = operands.collect::<Option<Vec<_>>>() else { return false };
    let Some(store) = along(&follower.map.store) else { return false };
    let kernel = Kernel { operands, nodes: follower.map.kernel.nodes.clone() };
    let after = kernel.inline(|place| (place == follower.operand).then(|| rows.after.clone()), None);
    if !super::absorb::is_small(&after) {
        return false;
    }
    let mut rows = rows.clone();
    rows.after = after;
    rows.store = store;
    draft.steps[follower.index].op = Op::Rows(rows);
    draft.steps.remove(index);
    true
}

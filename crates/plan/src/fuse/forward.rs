use super::bijection::Follower;
use crate::draft::Draft;
use crate::op::Op;

/// A copy of the result of attention or a pooling: the result is written there at once.
pub(super) fn forward(draft: &mut Draft, index: usize) -> bool {
    let op = &draft.steps[index].op;
    if !matches!(op, Op::Attention(_) | Op::Pool(_)) {
        return false;
    }
    let Some(follower) = Follower::of(draft, index) else { return false };
    if !follower.map.kernel.is_load() {
        return false;
    }
    let Some(store) = follower.along(&op.shape(), op.store(), &follower.map.store) else { return false };
    let mut op = op.clone();
    *op.store_mut() = store;
    draft.steps[follower.index].op = op;
    draft.steps.remove(index);
    true
}

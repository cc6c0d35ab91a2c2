use std::collections::HashSet;

use crate::draft::Draft;
use crate::value::Place;

/// Removes steps whose result nobody reads.
pub(super) fn remove(draft: &mut Draft) {
    let mut needed = HashSet::new();
    let mut is_kept = vec![false; draft.steps.len()];
    for (index, step) in draft.steps.iter().enumerate().rev() {
        let is_output = matches!(draft.values[step.output.0].place, Place::Output(_));
        if is_output || needed.contains(&step.output) {
            is_kept[index] = true;
            needed.extend(step.op.operands().iter().map(|(operand, _)| operand.value));
        }
    }
    let mut kept = is_kept.into_iter();
    draft.steps.retain(|_| kept.next().unwrap_or(true));
}

use std::collections::HashMap;

use crate::draft::Draft;
use crate::value::{Place, ValueId};

/// The steps between which the elements of a value must be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) value: ValueId,
    /// The step that writes it first.
    pub(super) first: usize,
    /// The step that reads it last.
    pub(super) last: usize,
}

/// The lives of all values of the arena, in the order in which they begin.
pub(super) fn lifetimes(draft: &Draft) -> Vec<Life> {
    let mut lives: Vec<Life> = Vec::new();
    let mut known: HashMap<ValueId, usize> = HashMap::new();
    for (index, step) in draft.steps.iter().enumerate() {
        for (operand, _) in step.op.operands() {
            if let Some(&life) = known.get(&operand.value) {
                lives[life].last = index;
            }
        }
        if matches!(draft.value(step.output).place, Place::Arena { .. }) {
            let life = *known.entry(step.output).or_insert(lives.len());
            match lives.get_mut(life) {
                Some(life) => life.last = index,
                None => lives.push(Life { value: step.output, first: index, last: index }),
            }
        }
    }
    lives
}

//! Attention in one kernel, its scores never in memory.

mod general;
mod tensor;

use phalanx_plan::{Attention, Operand, Plan, ValueId};

use super::expression::{self, Expression, pointer};
use super::{Argument, Chip, Launch, LowerError};

/// The kernel of attention.
pub(super) fn lower(
    plan: &Plan,
    attention: &Attention,
    output: ValueId,
    chip: &Chip,
) -> Result<Launch, LowerError> {
    if tensor::fits(plan, attention, output, chip) {
        tensor::lower(plan, attention, output)
    } else {
        general::lower(plan, attention, output)
    }
}

/// Where a row of each operand begins, by the variables `batch`, and `query` or `key`.
struct Places {
    query: String,
    key: String,
    value: String,
    store: String,
}

impl Places {
    fn new(attention: &Attention, store: &Operand) -> Self {
        let count = attention.batch.len();
        let place = |operand: &Operand, name: &str, rows: usize| {
            let strand = expression::strand(&[&attention.batch, &[rows]], &operand.strides[..=count]);
            strand.offset(&["batch", name])
        };
        Self {
            query: place(&attention.query, "query", attention.queries),
            key: place(&attention.key, "key", attention.keys),
            value: place(&attention.value, "key", attention.keys),
            store: place(store, "query", attention.queries),
        }
    }

    /// The first parameters of every kernel.
    fn arguments(&self, plan: &Plan, attention: &Attention, store: &Operand) -> Vec<Argument> {
        let operands = [store, &attention.query, &attention.key, &attention.value];
        operands.into_iter().map(|operand| Argument::Pointer(pointer(plan, operand))).collect()
    }
}

/// The scores over batch, query and key.
fn scores<'a>(plan: &'a Plan, attention: &'a Attention) -> Expression<'a> {
    let groups: [&[usize]; 3] = [&attention.batch, &[attention.queries], &[attention.keys]];
    Expression::new(plan, &attention.score, &groups, 2)
}

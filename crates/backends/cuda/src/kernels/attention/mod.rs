//! Attention in one kernel, its scores never in memory.

mod general;
mod shared;
mod tensor;

use phalanx_plan::{Attention, Class, Operand, Plan, ValueId};

use super::expression::{self, Expression, Signature, element, pointer};
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
    } else if shared::fits(attention) {
        shared::lower(plan, attention, output)
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

    /// The names that all texts have.
    fn names(
        &self,
        plan: &Plan,
        attention: &Attention,
        store: &Operand,
    ) -> Result<Vec<(&'static str, String)>, LowerError> {
        let type_of =
            |operand: &Operand, what| element(plan.value(operand.value).dtype, what).map(str::to_owned);
        Ok(vec![
            ("STORED", type_of(store, "a result of attention")?),
            ("QUERY", type_of(&attention.query, "queries")?),
            ("KEY", type_of(&attention.key, "keys")?),
            ("VALUE", type_of(&attention.value, "values")?),
            ("QUERIES", attention.queries.to_string()),
            ("KEYS", attention.keys.to_string()),
            ("WIDTH", attention.width.to_string()),
            ("VALUE_WIDTH", attention.value_width.to_string()),
            ("QUERY_PLACE", self.query.clone()),
            ("KEY_PLACE", self.key.clone()),
            ("VALUE_PLACE", self.value.clone()),
            ("PLACE", self.store.clone()),
        ])
    }

    /// The first parameters of every kernel.
    fn arguments(&self, plan: &Plan, attention: &Attention, store: &Operand) -> Vec<Argument> {
        let operands = [store, &attention.query, &attention.key, &attention.value];
        operands.into_iter().map(|operand| Argument::Pointer(pointer(plan, operand))).collect()
    }
}

/// Whether rows are dense and begin where `width` elements can be loaded at once.
fn is_aligned(attention: &Attention, strides: &[usize], offset: usize, width: usize) -> bool {
    let count = attention.batch.len();
    let batch =
        attention.batch.iter().zip(strides).all(|(size, stride)| *size == 1 || stride.is_multiple_of(width));
    batch && offset.is_multiple_of(width) && strides[count].is_multiple_of(width) && strides[count + 1] == 1
}

/// How the scores of neighbouring keys are computed.
fn signature(width: usize) -> Signature<'static> {
    Signature { name: "Score", variables: &["batch", "query", "key"], width, given: Some(Class::Float) }
}

/// The scores over batch, query and key.
fn scores<'a>(plan: &'a Plan, attention: &'a Attention) -> Expression<'a> {
    let groups: [&[usize]; 3] = [&attention.batch, &[attention.queries], &[attention.keys]];
    Expression::new(plan, &attention.score, &groups, 2)
}

//! Attention in fp32, or on chips without wide tensor cores: keys and values pass through shared memory.

use std::sync::Arc;

use phalanx_plan::{Attention, Operand, Plan, ValueId};

use super::Places;
use crate::kernels::error::count;
use crate::kernels::source::{self, fill};
use crate::kernels::{Argument, Launch, LowerError};

const THREADS: u32 = 128;
/// Queries of a block.
const TILE: usize = 32;
/// Elements of a query or value up to which a block's tiles fit into the shared memory that every chip has.
const WIDTH_MAX: usize = 160;

/// Whether attention is of the form that the kernel is for.
pub(super) fn fits(attention: &Attention) -> bool {
    let operands = [&attention.query, &attention.key, &attention.value];
    [attention.width, attention.value_width]
        .iter()
        .all(|width| width.is_multiple_of(4) && *width <= WIDTH_MAX)
        && operands.iter().all(|operand| super::is_aligned(attention, &operand.strides, operand.offset, 4))
        && super::is_aligned(attention, &attention.store, 0, 4)
}

pub(super) fn lower(plan: &Plan, attention: &Attention, output: ValueId) -> Result<Launch, LowerError> {
    let store = Operand { value: output, offset: 0, strides: attention.store.clone() };
    let places = Places::new(attention, &store);
    let scores = super::scores(plan, attention);
    let mut text = source::start();
    text.push_str(&scores.function(&super::signature(1))?);
    let mut names = places.names(plan, attention, &store)?;
    names.extend([("PARAMETERS", scores.parameters("p")?), ("PASSED", scores.passed("p"))]);
    let names: Vec<(&str, &str)> = names.iter().map(|(name, value)| (*name, value.as_str())).collect();
    text.push_str(&fill(include_str!("../cuda/attention_shared.cu"), &names));
    let tiles = attention.batch.iter().product::<usize>() * attention.queries.div_ceil(TILE);
    let mut arguments = places.arguments(plan, attention, &store);
    arguments.extend(scores.arguments());
    arguments.push(Argument::U32(count("parts of attention", tiles)?));
    Ok(Launch {
        source: Arc::from(text),
        entry: "attention",
        grid: [count("parts of attention", tiles)?, 1, 1],
        block: [THREADS, 1, 1],
        shared_bytes: 0,
        arguments,
    })
}

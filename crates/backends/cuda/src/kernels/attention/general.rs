//! Attention of any shape: one warp a query.

use std::sync::Arc;

use phalanx_plan::{Attention, Operand, Plan, ValueId};

use super::Places;
use crate::kernels::error::count;
use crate::kernels::source::{self, fill};
use crate::kernels::{Argument, Launch, LowerError};

const THREADS: usize = 128;
/// Elements of a result that one warp sums up, in its registers.
const CHUNK_MAX: usize = 256;

pub(super) fn lower(plan: &Plan, attention: &Attention, output: ValueId) -> Result<Launch, LowerError> {
    let store = Operand { value: output, offset: 0, strides: attention.store.clone() };
    let places = Places::new(attention, &store);
    let step = |operand: &Operand| operand.strides.last().copied().unwrap_or(0).to_string();
    let scores = super::scores(plan, attention);
    let mut names = places.names(plan, attention, &store)?;
    names.extend([
        ("CHUNK", attention.value_width.min(CHUNK_MAX).to_string()),
        ("PARAMETERS", scores.parameters("p")?),
        ("PASSED", scores.passed("p")),
        ("QUERY_STEP", step(&attention.query)),
        ("KEY_STEP", step(&attention.key)),
        ("VALUE_STEP", step(&attention.value)),
        ("STEP", step(&store)),
    ]);
    let names: Vec<(&str, &str)> = names.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut text = source::start();
    text.push_str(&scores.function(&super::signature(1))?);
    text.push_str(&fill(include_str!("../cuda/attention.cu"), &names));
    let rows = attention.batch.iter().product::<usize>() * attention.queries;
    let threads = count("threads of attention", rows * 32)?;
    let mut arguments = places.arguments(plan, attention, &store);
    arguments.extend(scores.arguments());
    arguments.push(Argument::U32(count("queries", rows)?));
    let chunks = count("parts of values", attention.value_width.div_ceil(CHUNK_MAX))?;
    Ok(Launch {
        source: Arc::from(text),
        entry: "attention",
        grid: [source::blocks(threads, THREADS), chunks, 1],
        block: [THREADS as u32, 1, 1],
        shared_bytes: 0,
        arguments,
    })
}

//! Attention in 16 bits by the tensor cores, straight from where a product left queries, keys and values.

use std::fmt::Write as _;
use std::sync::Arc;

use phalanx_plan::{Attention, Operand, Plan, ValueId};
use phalanx_tensor::DType;

use super::Places;
use crate::kernels::error::count;
use crate::kernels::expression::Expression;
use crate::kernels::source::{self, fill};
use crate::kernels::{Argument, Chip, Launch, LowerError};

const THREADS: usize = 128;
/// Elements of a query or value up to which they fit a warp's registers.
const WIDTH_MAX: usize = 128;
/// Keys whose scores a warp has at once.
const CHUNK_MAX: usize = 64;

/// Whether attention is of the form that the kernel is for.
pub(super) fn fits(plan: &Plan, attention: &Attention, output: ValueId, chip: &Chip) -> bool {
    let operands = [&attention.query, &attention.key, &attention.value];
    let dtype = plan.value(attention.query.value).dtype;
    let is_narrow = matches!(dtype, DType::F16 | DType::BF16)
        && operands.iter().all(|operand| plan.value(operand.value).dtype == dtype);
    let (width, value_width) = (attention.width, attention.value_width);
    let is_sized = [width, value_width].iter().all(|width| width.is_multiple_of(16) && *width <= WIDTH_MAX);
    let is_stored = plan.value(output).dtype.size_bytes().is_some();
    chip.has_wide_tensor_cores()
        && is_narrow
        && is_sized
        && is_stored
        && operands.iter().all(|operand| super::is_aligned(attention, &operand.strides, operand.offset, 8))
        && super::is_aligned(attention, &attention.store, 0, 8)
}

pub(super) fn lower(plan: &Plan, attention: &Attention, output: ValueId) -> Result<Launch, LowerError> {
    let store = Operand { value: output, offset: 0, strides: attention.store.clone() };
    let places = Places::new(attention, &store);
    let scores = super::scores(plan, attention);
    // Two neighbouring keys of a thread are masked at once where masks allow it.
    let pair = if attention.keys.is_multiple_of(2) && scores.allows(2) { 2 } else { 1 };
    let tiles = tiles(attention);
    let names = places.names(plan, attention, &store)?;
    let text = text(attention, &scores, names, (tiles, pair))?;
    let parts = attention.batch.iter().product::<usize>() * attention.queries.div_ceil(16 * tiles);
    let threads = count("threads of attention", parts * 32)?;
    let mut arguments = places.arguments(plan, attention, &store);
    arguments.extend(scores.arguments());
    arguments.push(Argument::U32(count("parts of attention", parts)?));
    Ok(Launch {
        source: Arc::from(text),
        entry: "attention",
        grid: [source::blocks(threads, THREADS), 1, 1],
        block: [THREADS as u32, 1, 1],
        shared_bytes: 0,
        arguments,
    })
}

/// Tiles of 16 queries for a warp: two share what they load, where registers suffice.
fn tiles(attention: &Attention) -> usize {
    let is_small = attention.width <= 64 && attention.value_width <= 64;
    if attention.queries > 16 && is_small { 2 } else { 1 }
}

fn text(
    attention: &Attention,
    scores: &Expression<'_>,
    mut names: Vec<(&'static str, String)>,
    (tiles, pair): (usize, usize),
) -> Result<String, LowerError> {
    names.extend([
        ("TILES", tiles.to_string()),
        ("CHUNK", attention.keys.next_multiple_of(16).min(CHUNK_MAX).to_string()),
        ("PAIR", pair.to_string()),
        ("PARAMETERS", scores.parameters("p")?),
        ("PASSED", scores.passed("p")),
        ("ADD_VALUES", for_columns(attention.value_width, "add_values", "(sums, shares, rows)")),
        ("STORE", for_columns(attention.value_width, "store", "(row, sums[tile], half, factor)")),
    ]);
    let names: Vec<(&str, &str)> = names.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut text = source::start();
    text.push_str(include_str!("../cuda/tensor.cu"));
    text.push_str(&scores.function(&super::signature(pair))?);
    text.push_str(&fill(include_str!("../cuda/attention_tensor.cu"), &names));
    Ok(text)
}

/// Calls for all columns of V, as many at once as a thread can load of one row: eight, four or two tiles of eight.
fn for_columns(width: usize, function: &str, arguments: &str) -> String {
    let mut text = String::new();
    let mut first = 0;
    while first < width / 8 {
        let tiles = [8, 4, 2].into_iter().find(|tiles| first + tiles <= width / 8).unwrap_or(2);
        let _ = writeln!(text, "            {function}<{tiles}, {first}>{arguments};");
        first += tiles;
    }
    text
}

//! Poolings: one thread some neighbouring channels of a result.

use std::fmt::Write as _;
use std::sync::Arc;

use phalanx_plan::{Operand, Plan, Pool, PoolKind, ValueId};

use super::error::count;
use super::expression::{self, element, pointer};
use super::source::{self, fill};
use super::strand::Lanes;
use super::window;
use super::{Argument, Launch, LowerError};

const THREADS: usize = 256;

/// The kernel of a pooling.
pub(super) fn lower(plan: &Plan, pool: &Pool, output: ValueId) -> Result<Launch, LowerError> {
    let (from, to) = (plan.value(pool.input.value).dtype, plan.value(output).dtype);
    let shape = pool.shape();
    let groups: Vec<&[usize]> = shape.iter().map(std::slice::from_ref).collect();
    let input_shape = pool.input_shape();
    let input_groups: Vec<&[usize]> = input_shape.iter().map(std::slice::from_ref).collect();
    let store = expression::strand(&groups, &pool.store);
    let input = expression::strand(&input_groups, &pool.input.strides);
    let width = source::widest((16 / from.size_bytes().unwrap_or(16).max(1)).min(8), |width| {
        store.lanes(1, width, 0) == Some(Lanes::Dense)
            && input.lanes(1, width, pool.input.offset) == Some(Lanes::Dense)
    });
    let names = window::names(pool.windows.len());
    let variables: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut widths = vec![1; shape.len()];
    widths[1] = width;
    let start = expression::strand(&groups[..2], &pool.input.strides[..2]);
    let mut text = source::start();
    text.push_str(&fill(
        include_str!("cuda/pool.cu"),
        &[
            ("STORED", element(to, "a result of a pooling")?),
            ("READ", element(from, "an input of a pooling")?),
            ("WIDTH", &width.to_string()),
            ("COORDINATES", &window::coordinates(&names, &shape, &pool.store, &widths)),
            ("FROM", &start.offset(&["image", "channel"])),
            ("START", if pool.kind == PoolKind::Max { "-number(0x7f800000u)" } else { "0.0f" }),
            ("LOOPS", &window::loops(&pool.windows, &body(pool, width))),
            ("FINISH", &divisor(pool)),
            ("PLACE", &store.offset(&variables)),
        ],
    ));
    let total = count("elements of a pooling", shape.iter().product::<usize>() / width)?;
    let written = Operand { value: output, offset: 0, strides: Vec::new() };
    Ok(Launch {
        source: Arc::from(text),
        entry: "pool",
        grid: [source::blocks(total, THREADS), 1, 1],
        block: [THREADS as u32, 1, 1],
        shared_bytes: 0,
        arguments: vec![
            Argument::Pointer(pointer(plan, &written)),
            Argument::Pointer(pointer(plan, &pool.input)),
            Argument::U32(total),
        ],
    })
}

fn body(pool: &Pool, width: usize) -> String {
    let place = window::place('i', &pool.input.strides[2..]);
    let joined = match pool.kind {
        PoolKind::Max => "fmaxf(result[lane], x)",
        _ => "result[lane] + x",
    };
    format!(
        "    const auto loaded = pack<{width}>(start + ({place}));
    counted += 1;
#pragma unroll
    for (int lane = 0; lane < {width}; ++lane) {{
        const float x = read(loaded.items[lane]);
        result[lane] = {joined};
    }}
"
    )
}

/// What sums are divided by, as a declaration of `divisor`.
fn divisor(pool: &Pool) -> String {
    let mut text = "    unsigned divisor = 1;\n".to_owned();
    match pool.kind {
        PoolKind::Max | PoolKind::Sum => {}
        PoolKind::Mean => text.push_str("    divisor = counted;\n"),
        PoolKind::MeanWithPadding => {
            for (axis, window) in pool.windows.iter().enumerate() {
                let end = window.pad_before + window.input + window.pad_after;
                let (kernel, stride, dilation) = (window.kernel, window.stride, window.dilation);
                let _ = writeln!(
                    text,
                    "    const unsigned room{axis} = {end}u - min({end}u, o{axis} * {stride}u);"
                );
                let _ = writeln!(
                    text,
                    "    divisor *= min({kernel}u, (room{axis} + {}u) / {dilation}u);",
                    dilation - 1
                );
            }
        }
    }
    text
}

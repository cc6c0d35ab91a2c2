//! Low-rank adapters: both products of `x·A·B` in one launch, an adapter for each group of rows.

use std::sync::Arc;

use phalanx_plan::Activation;

use super::finish::Finish;
use super::small::is_aligned;
use crate::kernels::error::count;
use crate::kernels::expression::element;
use crate::kernels::source::{self, fill};
use crate::kernels::{Argument, Chip, Launch, LowerError, Matrix, Pointer, ProductCall};

const THREADS: u32 = 256;
/// Rows of a block.
const TILE: usize = 8;
/// The largest rank, whose sums fit the registers of a thread.
pub(crate) const RANK_MAX: usize = 64;

/// `D = scale · x·A·B + C`, where each group of rows has an A and a B of its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoraCall {
    /// Rows of x, C and D.
    pub(crate) rows: usize,
    /// Rows that share an adapter; the last group may have fewer.
    pub(crate) group_rows: usize,
    /// Columns of x, rows of A.
    pub(crate) width: usize,
    /// Columns of A, rows of B; at most 64.
    pub(crate) rank: usize,
    /// Columns of B and D.
    pub(crate) n: usize,
    /// rows × width; its batch stride means nothing.
    pub(crate) x: Matrix,
    /// width × rank, one after the other by its batch stride.
    pub(crate) a: Matrix,
    /// rank × n, as A.
    pub(crate) b: Matrix,
    /// rows × n, what the model computes without adapters. It may be D's own memory.
    pub(crate) c: Option<Matrix>,
    /// rows × n.
    pub(crate) d: Matrix,
    /// How many adapters there are.
    pub(crate) adapters: usize,
    /// The number of each group's adapter, as `i32`; one outside is taken for the nearest.
    pub(crate) numbers: Pointer,
    /// Factor of the sums.
    pub(crate) scale: f32,
}

/// The kernel of adapters; `None` where the matrices lie such that it is not for them: transposed, of a rank beyond 64
/// or where D's rows cannot be stored as they are computed.
///
/// # Errors
/// As [`lower`](super::super::lower).
pub(crate) fn lora(call: &LoraCall, chip: &Chip) -> Result<Option<Launch>, LowerError> {
    let matrices = [&call.x, &call.a, &call.b, &call.d];
    let sizes = [call.rows, call.group_rows, call.width, call.rank, call.n, call.adapters];
    if matrices.iter().any(|matrix| matrix.is_transposed) || sizes.contains(&0) || call.rank > RANK_MAX {
        return Ok(None);
    }
    let single = |matrix: &Matrix| Matrix { batch_stride: 0, ..*matrix };
    let columns = source::widest(4, |width| {
        is_aligned(&call.b, call.n, width) && is_aligned(&single(&call.d), call.n, width)
    });
    let tiles = call.rows.div_ceil(call.group_rows) * call.group_rows.div_ceil(TILE);
    let share = share(call.n, tiles, columns, chip);
    let finish = Finish::new(&finishing(call))?;
    let text = text(call, columns, &finish)?;
    let pointers = [call.d.pointer, call.x.pointer, call.a.pointer, call.b.pointer, call.numbers];
    let mut arguments: Vec<Argument> = pointers.into_iter().map(Argument::Pointer).collect();
    arguments.extend(finish.arguments);
    arguments.push(Argument::U32(count("rows of adapters", call.rows)?));
    arguments.push(Argument::U32(count("adapters", call.adapters)?));
    arguments.push(Argument::U32(count("columns of adapters", share)?));
    Ok(Some(Launch {
        source: Arc::from(text),
        entry: "lora",
        grid: [count("columns of adapters", call.n.div_ceil(share))?, count("tiles of rows", tiles)?, 1],
        block: [THREADS, 1, 1],
        shared_bytes: 0,
        arguments,
    }))
}

/// Columns of a block: few enough that all multiprocessors have work, since each block computes `x·A` anew.
fn share(n: usize, tiles: usize, columns: usize, chip: &Chip) -> usize {
    let step = THREADS as usize / TILE * columns;
    let parts = (chip.multiprocessors as usize).div_ceil(tiles).min(n.div_ceil(step)).max(1);
    n.div_ceil(parts).next_multiple_of(step)
}

/// The second product, as far as its results are concerned.
fn finishing(call: &LoraCall) -> ProductCall {
    ProductCall {
        m: call.rows,
        n: call.n,
        k: call.rank,
        batch: 1,
        a: call.x,
        b: call.b,
        c: call.c.map(|c| Matrix { batch_stride: 0, ..c }),
        d: call.d,
        scale: call.scale,
        bias: None,
        activation: Activation::None,
        allow_tf32: false,
    }
}

fn text(call: &LoraCall, columns: usize, finish: &Finish) -> Result<String, LowerError> {
    // So few lanes have the same sums that there is one for each to be left with.
    let room = call.rank.next_power_of_two().max(32 / TILE);
    let x = Matrix { batch_stride: 0, ..call.x };
    let depth = source::widest(4, |width| is_aligned(&x, call.width, width));
    let mut text = source::start();
    text.push_str(include_str!("../cuda/share_out.cu"));
    text.push_str(&finish.text);
    text.push_str(&fill(
        include_str!("../cuda/lora.cu"),
        &[
            ("X", element(call.x.dtype, "a matrix")?),
            ("A", element(call.a.dtype, "an adapter")?),
            ("B", element(call.b.dtype, "an adapter")?),
            ("D", element(call.d.dtype, "a matrix")?),
            ("WIDTH", &call.width.to_string()),
            ("RANK", &call.rank.to_string()),
            ("ROWS", &TILE.to_string()),
            ("ROOM", &room.to_string()),
            ("DEPTH", &depth.to_string()),
            ("COLUMNS", &columns.to_string()),
            ("N", &call.n.to_string()),
            ("GROUP", &call.group_rows.to_string()),
            ("X_LEADING", &call.x.leading.to_string()),
            ("A_LEADING", &call.a.leading.to_string()),
            ("B_LEADING", &call.b.leading.to_string()),
            ("D_LEADING", &call.d.leading.to_string()),
            ("A_BATCH", &call.a.batch_stride.to_string()),
            ("B_BATCH", &call.b.batch_stride.to_string()),
            ("PARAMETERS", &finish.parameters),
            ("PASSED", finish.passed),
        ],
    ));
    Ok(text)
}

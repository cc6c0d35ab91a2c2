//! Products of few rows, which are about reading the other matrix once: it is dealt out to all multiprocessors, and the
//! threads of a block share out the sums.

use super::finish::Finish;
use crate::kernels::error::count;
use crate::kernels::expression::element;
use crate::kernels::source::{self, fill};
use crate::kernels::{Chip, Launch, LowerError, Matrix, ProductCall};

/// Most rows of A.
pub(crate) const ROWS_MAX: usize = 16;
const THREADS: usize = 256;
/// Sums that a thread has.
const SUMS_MAX: usize = 64;

/// The kernel of a product of at most 16 rows; `None` where its matrices lie such that it is not for them. Its sums are
/// in fp32 also where `allow_tf32` is set.
///
/// # Errors
/// As [`lower`](super::super::lower).
pub(crate) fn small_product(call: &ProductCall, chip: &Chip) -> Result<Option<Launch>, LowerError> {
    let is_small = call.m > 0 && call.m <= ROWS_MAX && !call.a.is_transposed;
    let call = &call.with_canonical_strides();
    match (is_small, call.b.is_transposed) {
        (false, _) => Ok(None),
        (true, true) => by_columns(call),
        (true, false) => by_rows(call, chip),
    }
}

/// Whether elements of a matrix can be loaded `width` at once, along its dense axis of `size`.
pub(super) fn is_aligned(matrix: &Matrix, size: usize, width: usize) -> bool {
    let bytes = width * matrix.dtype.size_bytes().unwrap_or(1);
    size.is_multiple_of(width)
        && matrix.leading.is_multiple_of(width)
        && matrix.batch_stride.is_multiple_of(width)
        && matrix.pointer.offset_bytes().is_multiple_of(bytes.min(16))
}

/// Sixteen bytes of a matrix, or as many as can be loaded at once.
pub(super) fn width(matrix: &Matrix, size: usize, most: usize) -> usize {
    let bytes = matrix.dtype.size_bytes().unwrap_or(16).max(1);
    source::widest((16 / bytes).min(most).max(1), |width| is_aligned(matrix, size, width))
}

/// Rows that a kernel has registers for, so that only few different kernels are needed.
fn rows(call: &ProductCall) -> usize {
    call.m.next_power_of_two()
}

/// Where the rows of B are dense: a thread has neighbouring columns, for some of the rows.
fn by_rows(call: &ProductCall, chip: &Chip) -> Result<Option<Launch>, LowerError> {
    let columns = width(&call.b, call.n, SUMS_MAX / rows(call));
    let bytes = columns * call.b.dtype.size_bytes().unwrap_or(1);
    // Lanes along a row: at least a sector of memory, more of it where there is enough for all multiprocessors.
    let lanes = |wanted: usize| (wanted / bytes).clamp(1, 32);
    let is_wide = call.n * call.batch >= chip.multiprocessors as usize * columns * lanes(128);
    let lanes = if is_wide { lanes(128) } else { lanes(32) };
    let depth = source::widest(4, |width| is_aligned(&call.a, call.k, width));
    let names =
        [("COLUMNS", columns.to_string()), ("LANES", lanes.to_string()), ("DEPTH", depth.to_string())];
    let blocks = call.n.div_ceil(columns * lanes);
    launch(call, include_str!("../cuda/product_by_rows.cu"), &names, blocks)
}

/// Where the columns of B are dense: a warp has some columns, its lanes share out the rows.
fn by_columns(call: &ProductCall) -> Result<Option<Launch>, LowerError> {
    let depth = width(&call.b, call.k, 8);
    let depth = source::widest(depth, |width| is_aligned(&call.a, call.k, width));
    let columns = if rows(call) > 4 { 4 } else { 1 };
    let names = [("COLUMNS", columns.to_string()), ("LANES", "1".to_owned()), ("DEPTH", depth.to_string())];
    let blocks = call.n.div_ceil(columns * THREADS / 32);
    launch(call, include_str!("../cuda/product_by_columns.cu"), &names, blocks)
}

fn launch(
    call: &ProductCall,
    body: &str,
    more: &[(&str, String)],
    blocks: usize,
) -> Result<Option<Launch>, LowerError> {
    let finish = Finish::new(call)?;
    let mut names: Vec<(&str, String)> = vec![
        ("A", element(call.a.dtype, "a matrix")?.to_owned()),
        ("B", element(call.b.dtype, "a matrix")?.to_owned()),
        ("ROWS", rows(call).to_string()),
    ];
    names.extend(finish.names(call)?);
    names.extend(more.iter().cloned());
    let names: Vec<(&str, &str)> = names.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut text = source::start();
    text.push_str(include_str!("../cuda/share_out.cu"));
    text.push_str(&finish.text);
    text.push_str(&fill(include_str!("../cuda/product_small.cu"), &names));
    text.push_str(&fill(body, &names));
    let grid = [count("columns of a product", blocks)?.max(1), count("products", call.batch)?, 1];
    finish.launch(call, text, grid, THREADS as u32).map(Some)
}

//! Products in squares of 8 × 8, for those with too few tiles of 64 × 64: most of their time is the memory's latency,
//! which many small blocks wait for at once.

use super::finish::Finish;
use super::small::width;
use crate::kernels::error::count;
use crate::kernels::expression::element;
use crate::kernels::source::{self, fill};
use crate::kernels::{Chip, Launch, LowerError, ProductCall};

const THREADS: u32 = 256;
const SQUARE: usize = 8;
/// Numbers of a matrix that a thread loads at once.
const PACK_MAX: usize = 2;
/// Blocks for each multiprocessor beyond which the larger tiles, which read each number less often, are faster.
const BLOCKS_MAX: usize = 16;

/// The kernel of a product in squares; `None` where it has so many that it is not for them. Its sums are in fp32 also
/// where `allow_tf32` is set.
///
/// # Errors
/// As [`lower`](super::super::lower).
pub(crate) fn small_square(call: &ProductCall, chip: &Chip) -> Result<Option<Launch>, LowerError> {
    let call = &call.with_canonical_strides();
    let squares = [call.n.div_ceil(SQUARE), call.m.div_ceil(SQUARE), call.batch];
    let blocks = squares.iter().try_fold(1_usize, |product, &count| product.checked_mul(count));
    if blocks.is_none_or(|blocks| blocks == 0 || blocks > BLOCKS_MAX * chip.multiprocessors as usize) {
        return Ok(None);
    }
    let finish = Finish::new(call)?;
    let text = text(call, &finish)?;
    let [columns, rows, products] = squares;
    let grid = [
        count("columns of a product", columns)?,
        count("rows of a product", rows)?,
        count("products", products)?,
    ];
    finish.launch(call, text, grid, THREADS).map(Some)
}

fn text(call: &ProductCall, finish: &Finish) -> Result<String, LowerError> {
    // How many rows there are is not known here.
    let a_pack = if call.a.is_transposed { 1 } else { width(&call.a, call.k, PACK_MAX) };
    let b_pack = width(&call.b, if call.b.is_transposed { call.k } else { call.n }, PACK_MAX);
    let mut names = vec![
        ("A", element(call.a.dtype, "a matrix")?.to_owned()),
        ("B", element(call.b.dtype, "a matrix")?.to_owned()),
        ("A_TURNED", call.a.is_transposed.to_string()),
        ("B_TURNED", call.b.is_transposed.to_string()),
        ("A_PACK", a_pack.to_string()),
        ("B_PACK", b_pack.to_string()),
    ];
    names.extend(finish.names(call)?);
    let names: Vec<(&str, &str)> = names.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut text = source::start();
    text.push_str(&finish.text);
    text.push_str(&fill(include_str!("../cuda/product_square.cu"), &names));
    Ok(text)
}

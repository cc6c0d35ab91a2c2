//! Products in tiles of 64 × 64, for what is too small for a library to pay off.

use super::arithmetic::Arithmetic;
use super::finish::Finish;
use super::small::width;
use crate::kernels::error::count;
use crate::kernels::expression::element;
use crate::kernels::source::{self, fill};
use crate::kernels::{Chip, Launch, LowerError, ProductCall};

const THREADS: u32 = 128;
const TILE: usize = 64;

/// The kernel of a product of any size, in tiles; `None` where its operands are of two dtypes or none that it is for.
/// Where `allow_tf32` is set, singles are rounded.
///
/// # Errors
/// As [`lower`](super::super::lower).
pub(crate) fn small_tile(call: &ProductCall, chip: &Chip) -> Result<Option<Launch>, LowerError> {
    let call = &call.with_canonical_strides();
    let dtypes = [call.a.dtype, call.b.dtype];
    let Some(arithmetic) = Arithmetic::of(dtypes, call.allow_tf32, chip) else { return Ok(None) };
    let finish = Finish::new(call)?;
    let grid = [
        count("tiles of a product", call.n.div_ceil(TILE))?,
        count("tiles of a product", call.m.div_ceil(TILE))?,
        count("products", call.batch)?,
    ];
    if grid[1].max(grid[2]) > u32::from(u16::MAX) || grid.contains(&0) {
        return Ok(None);
    }
    let text = text(call, arithmetic, &finish)?;
    finish.launch(call, text, grid, THREADS).map(Some)
}

fn text(call: &ProductCall, arithmetic: Arithmetic, finish: &Finish) -> Result<String, LowerError> {
    // How many rows there are is not known here.
    let a_pack = if call.a.is_transposed { 1 } else { width(&call.a, call.k, 8) };
    let b_pack = width(&call.b, if call.b.is_transposed { call.k } else { call.n }, 8);
    let mut names = vec![
        ("NUMBER", element(call.a.dtype, "a matrix")?.to_owned()),
        ("A_TURNED", call.a.is_transposed.to_string()),
        ("B_TURNED", call.b.is_transposed.to_string()),
        ("A_PACK", a_pack.to_string()),
        ("B_PACK", b_pack.to_string()),
    ];
    names.extend(finish.names(call)?);
    let names: Vec<(&str, &str)> = names.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut text = source::start();
    text.push_str(&finish.text);
    text.push_str(&arithmetic.text(&names));
    text.push_str(&fill(include_str!("../cuda/tile.cu"), &names));
    Ok(text)
}

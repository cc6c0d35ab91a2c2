//! The little of JSON that messages need: a cursor over the text, strings, numbers, and the skipping of what nobody
//! asked for.
//!
//! Strict RFC 8259, but for one thing: where a number may stand, so may the bare words `NaN`, `Infinity` and `Inf`,
//! with or without a minus. Triton reads and writes them, and so do its clients.

mod cursor;
mod digits;
mod fault;
mod float;
mod number;
mod skip;
mod string;
mod whole;

pub(crate) use cursor::{Cursor, Kind};
pub(crate) use fault::Fault;
pub(crate) use number::{Number, NumberFault, Scalar};
pub(crate) use whole::Whole;

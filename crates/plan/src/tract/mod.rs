//! What the rest needs of tract: models read and typed, dtypes, and its panics as errors.

mod constants;
mod dtype;
mod guard;
mod operators;

pub(crate) use constants::constant;
pub(crate) use dtype::dtype;
pub(crate) use guard::guard;
pub(crate) use operators::unknown;

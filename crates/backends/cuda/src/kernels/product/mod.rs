//! Matrix products: as calls of a library, and kernels for those that are too small for one.

mod arithmetic;
mod calls;
mod finish;
mod lora;
mod small;
mod square;
mod tile;

pub(super) use self::arithmetic::Arithmetic;
pub(super) use self::calls::lower;
pub(crate) use self::lora::{LoraCall, lora};
pub(crate) use self::small::small_product;
pub(crate) use self::square::small_square;
pub(crate) use self::tile::small_tile;

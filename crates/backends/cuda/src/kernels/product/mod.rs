//! Matrix products: as calls of a library, and kernels for those that are too small for one.

mod calls;
mod finish;
mod small;

pub(super) use self::calls::lower;
pub(crate) use self::small::small_product;

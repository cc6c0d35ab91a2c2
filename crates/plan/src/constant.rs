use std::fmt;

use phalanx_tensor::{DType, Tensor};
use twox_hash::XxHash3_128;

/// Names a constant by its dtype and bytes (XXH3, 128 bits): the same in the plans of all buckets. Its shape is left
/// out, since operations walk it by strides of their own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub u128);

impl ContentHash {
    /// The hash of a tensor.
    #[must_use]
    pub fn of(tensor: &Tensor) -> Self {
        let mut hash = XxHash3_128::new();
        hash.write(tensor.dtype().name().as_bytes());
        hash.write(tensor.bytes());
        Self(hash.finish_128())
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A tensor that is the same in every run: weights, and whatever was computed of them ahead.
///
/// Two constants of equal [`hash`](Self::hash) and [`dtype`](Self::dtype), of whichever plans, are one buffer on a
/// device.
#[derive(Clone, Debug)]
pub struct Constant {
    /// Names the tensor.
    pub hash: ContentHash,
    /// The elements as the model has them.
    pub tensor: Tensor,
    /// What operations read: the tensor's own dtype, or a narrower one to which a backend rounds it once.
    pub dtype: DType,
}

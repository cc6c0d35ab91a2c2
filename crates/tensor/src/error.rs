use crate::{DType, Shape};

/// What can be wrong with a tensor's parts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// The product of the dimensions, or that times the element size, does not fit in `usize`.
    #[error("shape {shape} of {dtype} has more bytes than this machine can address")]
    TooLarge {
        /// The shape asked for.
        shape: Shape,
        /// Its element type.
        dtype: DType,
    },
    /// The data has another length than the shape demands.
    #[error("shape {shape} of {dtype} holds {expected} elements, got {got}")]
    Length {
        /// The shape asked for.
        shape: Shape,
        /// The element type.
        dtype: DType,
        /// Elements that the shape demands.
        expected: usize,
        /// Elements (or bytes divided by the element size, rounded down) that came.
        got: usize,
    },
    /// The tensor holds another element type than was asked for.
    #[error("expected a tensor of {expected}, got {got}")]
    WrongDType {
        /// What was asked for.
        expected: DType,
        /// What the tensor holds.
        got: DType,
    },
    /// A range of rows lies outside the tensor.
    #[error("rows {start}..{end} lie outside a tensor of {rows} rows")]
    RowsOutOfRange {
        /// First row asked for.
        start: usize,
        /// One past the last row asked for.
        end: usize,
        /// Rows there are.
        rows: usize,
    },
    /// The bytes are not aligned for the element type; copy them out instead.
    #[error("the bytes of this tensor are not aligned for {dtype}")]
    Unaligned {
        /// The element type.
        dtype: DType,
    },
}

use std::fmt;

use phalanx_tensor::{DType, Shape};

/// The number of a value in [`Plan::values`](crate::Plan::values).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub usize);

impl fmt::Display for ValueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// Where the elements of a value lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The model's input of this number, as the caller gave it.
    Input(usize),
    /// The model's output of this number.
    Output(usize),
    /// The constant of this number in [`Plan::constants`](crate::Plan::constants).
    Constant(usize),
    /// The arena, from this byte on.
    Arena {
        /// First byte; a multiple of [`ALIGNMENT_BYTES`](crate::ALIGNMENT_BYTES).
        offset_bytes: usize,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(index) => write!(f, "input {index}"),
            Self::Output(index) => write!(f, "output {index}"),
            Self::Constant(index) => write!(f, "constant {index}"),
            Self::Arena { offset_bytes } => write!(f, "arena+{offset_bytes}"),
        }
    }
}

/// Elements that lie densely in memory. Operations reach them by strides, so the shape says only in which order the
/// axes lie there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// What is stored.
    pub dtype: DType,
    /// Axes from the outermost in memory to the innermost.
    pub shape: Shape,
    /// Where it is stored.
    pub place: Place,
}

impl Value {
    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Size in memory.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.elements() * self.dtype.size_bytes().unwrap_or(0)
    }
}

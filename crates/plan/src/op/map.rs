use crate::kernel::Kernel;

/// Computes every element by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// The axes.
    pub shape: Vec<usize>,
    /// What is computed; reads over `shape`.
    pub kernel: Kernel,
    /// Strides of the result over `shape`.
    pub store: Vec<usize>,
    /// Elements of the result before the first that is written: not 0 only where several write to one value.
    pub store_offset: usize,
}

use crate::value::ValueId;

/// Elements of a value, reached by strides: one for each axis of the operation that reads them, 0 where the axis
/// repeats the same elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operand {
    /// What is read.
    pub value: ValueId,
    /// Elements before the first that is read.
    pub offset: usize,
    /// Elements from one step along each axis to the next; that of an axis of size 1 means nothing.
    pub strides: Vec<usize>,
}

impl Operand {
    /// One past the last element that is read by an operation over `shape`.
    #[must_use]
    pub fn end(&self, shape: &[usize]) -> usize {
        let last = shape.iter().zip(&self.strides).map(|(size, stride)| size.saturating_sub(1) * stride);
        self.offset + last.sum::<usize>() + 1
    }

    /// How many different elements an operation over `shape` reads, at most.
    #[must_use]
    pub fn distinct(&self, shape: &[usize]) -> usize {
        shape.iter().zip(&self.strides).filter(|(_, stride)| **stride != 0).map(|(size, _)| size).product()
    }
}

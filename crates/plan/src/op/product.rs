use super::{Epilogue, Operand};

/// Matrix products, one for each index of the batch axes: `C[m, n] = epilogue(Σₖ A[m, k] · B[k, n])`.
///
/// Of the last two strides of `a` and `b`, one is 1 (or its axis has size 1) and the other a leading dimension, so that
/// a transpose costs nothing. Sums are kept in fp32 whatever the operands are stored in.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Sizes of the batch axes, outermost first.
    pub batch: Vec<usize>,
    /// Rows of the result.
    pub m: usize,
    /// Columns of the result.
    pub n: usize,
    /// Elements of each sum.
    pub k: usize,
    /// Over batch, m, k.
    pub a: Operand,
    /// Over batch, k, n.
    pub b: Operand,
    /// Strides of the result over batch, m, n.
    pub store: Vec<usize>,
    /// What follows; its operands are over batch, m, n.
    pub epilogue: Epilogue,
}

impl Product {
    /// Batch, m, n.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.with(&[self.m, self.n])
    }

    /// Batch, m, k.
    #[must_use]
    pub fn a_shape(&self) -> Vec<usize> {
        self.with(&[self.m, self.k])
    }

    /// Batch, k, n.
    #[must_use]
    pub fn b_shape(&self) -> Vec<usize> {
        self.with(&[self.k, self.n])
    }

    fn with(&self, last: &[usize]) -> Vec<usize> {
        [&self.batch[..], last].concat()
    }
}

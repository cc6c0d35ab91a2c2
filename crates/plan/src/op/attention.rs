use super::Operand;
use crate::kernel::Kernel;

/// Attention: `softmax(score(Q·Kᵀ))·V` for each index of the batch axes, the softmax over the keys.
///
/// Products are summed and the softmax is computed in fp32. Where all scores of a row are -∞ the result is NaN, as that
/// of the operators it stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    /// Sizes of the batch axes (samples, heads), outermost first.
    pub batch: Vec<usize>,
    /// Rows of Q.
    pub queries: usize,
    /// Rows of K and V.
    pub keys: usize,
    /// Elements of a row of Q and K.
    pub width: usize,
    /// Elements of a row of V.
    pub value_width: usize,
    /// Q over batch, query, element.
    pub query: Operand,
    /// K over batch, key, element.
    pub key: Operand,
    /// V over batch, key, element.
    pub value: Operand,
    /// What becomes of an element of Q·Kᵀ, its [`Node::Given`](crate::Node::Given), before the softmax: scaled and
    /// masked. Reads over batch, query, key.
    pub score: Kernel,
    /// Strides of the result over batch, query, element of V.
    pub store: Vec<usize>,
}

impl Attention {
    /// Batch, query, element of V.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.with(self.queries, self.value_width)
    }

    /// Batch, query, key.
    #[must_use]
    pub fn score_shape(&self) -> Vec<usize> {
        self.with(self.queries, self.keys)
    }

    /// Batch, query, element of Q.
    #[must_use]
    pub fn query_shape(&self) -> Vec<usize> {
        self.with(self.queries, self.width)
    }

    /// Batch, key, element of K.
    #[must_use]
    pub fn key_shape(&self) -> Vec<usize> {
        self.with(self.keys, self.width)
    }

    /// Batch, key, element of V.
    #[must_use]
    pub fn value_shape(&self) -> Vec<usize> {
        self.with(self.keys, self.value_width)
    }

    /// The scores as `scale · q·k + mask`, where they have that form; most have, and kernels written by hand take it.
    #[must_use]
    pub fn scale_and_mask(&self) -> Option<(f32, Option<&Operand>)> {
        let sum = crate::kernel::affine::affine(&self.score)?;
        match *sum.loads {
            [] if sum.constant == 0.0 => Some((sum.scale, None)),
            [mask] if sum.constant == 0.0 => Some((sum.scale, Some(&self.score.operands[mask]))),
            _ => None,
        }
    }

    fn with(&self, rows: usize, columns: usize) -> Vec<usize> {
        self.batch.iter().copied().chain([rows, columns]).collect()
    }
}

//! What a device is asked to do.

mod attention;
mod conv;
mod epilogue;
mod map;
mod operand;
mod pool;
mod product;
mod rows;
mod window;

pub use attention::Attention;
pub use conv::Conv;
pub use epilogue::{Activation, Epilogue};
pub use map::Map;
pub use operand::Operand;
pub use pool::{Pool, PoolKind};
pub use product::Product;
pub use rows::{Reduction, Rows};
pub use window::Window;

/// One operation. Each writes one value.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Matrix products.
    Product(Product),
    /// A convolution.
    Conv(Conv),
    /// Attention in one piece.
    Attention(Attention),
    /// A normalisation, softmax or reduction.
    Rows(Rows),
    /// Element-wise work.
    Map(Map),
    /// A pooling.
    Pool(Pool),
}

impl Op {
    /// Its kind, as plans print it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Product(_) => "product",
            Self::Conv(_) => "conv",
            Self::Attention(_) => "attention",
            Self::Rows(rows) => rows.reduction.name(),
            Self::Map(_) => "map",
            Self::Pool(_) => "pool",
        }
    }

    /// The axes of the result.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Self::Product(op) => op.shape(),
            Self::Conv(op) => op.shape(),
            Self::Attention(op) => op.shape(),
            Self::Rows(op) => op.shape(),
            Self::Map(op) => op.shape.clone(),
            Self::Pool(op) => op.shape(),
        }
    }

    /// Strides of the result over [`Op::shape`].
    #[must_use]
    pub fn store(&self) -> &[usize] {
        match self {
            Self::Product(op) => &op.store,
            Self::Conv(op) => &op.store,
            Self::Attention(op) => &op.store,
            Self::Rows(op) => &op.store,
            Self::Map(op) => &op.store,
            Self::Pool(op) => &op.store,
        }
    }

    pub(crate) fn store_mut(&mut self) -> &mut Vec<usize> {
        match self {
            Self::Product(op) => &mut op.store,
            Self::Conv(op) => &mut op.store,
            Self::Attention(op) => &mut op.store,
            Self::Rows(op) => &mut op.store,
            Self::Map(op) => &mut op.store,
            Self::Pool(op) => &mut op.store,
        }
    }

    /// All that it reads, each with the axes that its strides are over.
    #[must_use]
    pub fn operands(&self) -> Vec<(&Operand, Vec<usize>)> {
        let shape = self.shape();
        let over = |operand, shape: &[usize]| (operand, shape.to_vec());
        match self {
            Self::Product(op) => {
                let mut operands = vec![(&op.a, op.a_shape()), (&op.b, op.b_shape())];
                operands.extend(op.epilogue.operands().map(|operand| over(operand, &shape)));
                operands
            }
            Self::Conv(op) => {
                let mut operands = vec![(&op.input, op.input_shape()), (&op.weight, op.weight_shape())];
                operands.extend(op.epilogue.operands().map(|operand| over(operand, &shape)));
                operands
            }
            Self::Attention(op) => {
                let (query, key, value) = (&op.query, &op.key, &op.value);
                let mut operands =
                    vec![(query, op.query_shape()), (key, op.key_shape()), (value, op.value_shape())];
                operands.extend(op.score.operands.iter().map(|operand| over(operand, &op.score_shape())));
                operands
            }
            Self::Rows(op) => {
                let before = op.before.operands.iter().map(|operand| over(operand, &op.full_shape()));
                let after = op.after.operands.iter().map(|operand| over(operand, &shape));
                before.chain(after).collect()
            }
            Self::Map(op) => op.kernel.operands.iter().map(|operand| over(operand, &shape)).collect(),
            Self::Pool(op) => vec![(&op.input, op.input_shape())],
        }
    }

    /// Whether it reads a value.
    pub(crate) fn reads(&self, value: crate::ValueId) -> bool {
        let is = |operand: &Operand| operand.value == value;
        match self {
            Self::Product(op) => is(&op.a) || is(&op.b) || op.epilogue.operands().any(is),
            Self::Conv(op) => is(&op.input) || is(&op.weight) || op.epilogue.operands().any(is),
            Self::Attention(op) => {
                is(&op.query) || is(&op.key) || is(&op.value) || op.score.operands.iter().any(is)
            }
            Self::Rows(op) => op.before.operands.iter().chain(&op.after.operands).any(is),
            Self::Map(op) => op.kernel.operands.iter().any(is),
            Self::Pool(op) => is(&op.input),
        }
    }

    /// Its kernels, each with the axes that it is evaluated over.
    #[must_use]
    pub fn kernels(&self) -> Vec<(&crate::Kernel, Vec<usize>)> {
        match self {
            Self::Attention(op) => vec![(&op.score, op.score_shape())],
            Self::Rows(op) => vec![(&op.before, op.full_shape()), (&op.after, op.shape())],
            Self::Map(op) => vec![(&op.kernel, op.shape.clone())],
            Self::Product(_) | Self::Conv(_) | Self::Pool(_) => Vec::new(),
        }
    }

    /// All that it reads, to be changed.
    pub(crate) fn operands_mut(&mut self) -> Vec<&mut Operand> {
        match self {
            Self::Product(op) => {
                [&mut op.a, &mut op.b].into_iter().chain(op.epilogue.operands_mut()).collect()
            }
            Self::Conv(op) => {
                [&mut op.input, &mut op.weight].into_iter().chain(op.epilogue.operands_mut()).collect()
            }
            Self::Attention(op) => {
                let fixed = [&mut op.query, &mut op.key, &mut op.value];
                fixed.into_iter().chain(&mut op.score.operands).collect()
            }
            Self::Rows(op) => op.before.operands.iter_mut().chain(&mut op.after.operands).collect(),
            Self::Map(op) => op.kernel.operands.iter_mut().collect(),
            Self::Pool(op) => vec![&mut op.input],
        }
    }
}

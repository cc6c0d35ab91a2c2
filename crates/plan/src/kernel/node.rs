use phalanx_tensor::DType;

use super::Unary;

/// The number of a node in [`Kernel::nodes`](super::Kernel::nodes).
pub type NodeId = usize;

/// A number in an expression.
#[derive(Clone, Copy, Debug)]
pub enum Scalar {
    /// A float.
    F32(f32),
    /// An integer.
    I64(i64),
    /// A boolean.
    Bool(bool),
}

/// Bit by bit, so that equal expressions are found also where they hold NaN.
impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::F32(one), Self::F32(other)) => one.to_bits() == other.to_bits(),
            (Self::I64(one), Self::I64(other)) => one == other,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Scalar {}

/// One step of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// What the operation around the kernel hands in: a sum, a normalised element.
    Given,
    /// The element of this operand.
    Load(usize),
    /// The element of an operand that lies `clamp(index) · stride` further, an axis of it being chosen by an integer.
    /// A negative index counts from the end; what is still outside of `0..size` is moved to its nearest end, so that no
    /// index can read other memory.
    LoadAt {
        /// The operand.
        operand: usize,
        /// The index.
        index: NodeId,
        /// Elements from one index to the next.
        stride: usize,
        /// Size of the axis.
        size: usize,
    },
    /// The same everywhere.
    Literal(Scalar),
    /// A function of one number.
    Unary(Unary, NodeId),
    /// A function of two numbers of one class.
    Binary(Binary, NodeId, NodeId),
    /// One of two numbers.
    Select {
        /// Which: a boolean.
        condition: NodeId,
        /// Where it is true.
        then: NodeId,
        /// Where it is not.
        otherwise: NodeId,
    },
    /// A number as it would come back from being stored in this dtype: truncated, wrapped, rounded, or compared with
    /// zero.
    Cast(DType, NodeId),
}

impl Node {
    /// The nodes it refers to.
    pub fn inputs(&self) -> impl Iterator<Item = NodeId> {
        let [one, two, three] = match *self {
            Self::Given | Self::Load(_) | Self::Literal(_) => [None; 3],
            Self::LoadAt { index, .. } => [Some(index), None, None],
            Self::Unary(_, of) | Self::Cast(_, of) => [Some(of), None, None],
            Self::Binary(_, left, right) => [Some(left), Some(right), None],
            Self::Select { condition, then, otherwise } => [Some(condition), Some(then), Some(otherwise)],
        };
        [one, two, three].into_iter().flatten()
    }

    /// Whether it computes.
    #[must_use]
    pub fn is_arithmetic(&self) -> bool {
        matches!(self, Self::Unary(..) | Self::Binary(..) | Self::Select { .. })
    }
}

/// A function of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `a + b`; integers wrap.
    Add,
    /// `a - b`; integers wrap.
    Sub,
    /// `a · b`; integers wrap.
    Mul,
    /// `a / b`; of integers truncated, and 0 where b is 0.
    Div,
    /// The remainder with the sign of a; of integers 0 where b is 0.
    Rem,
    /// The smaller; of a number and NaN the number.
    Min,
    /// The larger; of a number and NaN the number.
    Max,
    /// a to the power of b.
    Pow,
    /// `a = b`.
    Equal,
    /// `a ≠ b`.
    NotEqual,
    /// `a < b`.
    Less,
    /// `a ≤ b`.
    LessEqual,
    /// `a > b`.
    Greater,
    /// `a ≥ b`.
    GreaterEqual,
    /// Both; of booleans.
    And,
    /// Either; of booleans.
    Or,
    /// Exactly one; of booleans.
    Xor,
}

impl Binary {
    /// Whether it gives a boolean of two numbers.
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual
        )
    }

    /// Whether it is one of booleans.
    #[must_use]
    pub const fn is_logical(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Xor)
    }

    /// How plans print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::Min => "min",
            Self::Max => "max",
            Self::Pow => "pow",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::And => "&",
            Self::Or => "|",
            Self::Xor => "^",
        }
    }
}

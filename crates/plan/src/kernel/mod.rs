//! What generated kernels compute for each element: a small expression over loads.

pub(crate) mod affine;
mod build;
mod check;
mod fold;
mod inline;
mod node;
mod unary;

pub(crate) use build::Builder;
pub use check::Class;
pub use node::{Binary, Node, NodeId, Scalar};
pub use unary::Unary;

use crate::op::Operand;

/// An expression that is evaluated for each index of the axes of an operation.
///
/// Nodes refer only to nodes before them; the last is the result. There are three classes of numbers to compute with:
/// floats in fp32 whatever they are stored in, integers in 64 bits, and booleans. A result is converted to the dtype of
/// the value it is stored to: floats round to the nearest, integers keep their lower bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// What it reads.
    pub operands: Vec<Operand>,
    /// The expression.
    pub nodes: Vec<Node>,
}

impl Kernel {
    /// Gives what it is given.
    #[must_use]
    pub fn given() -> Self {
        Self { operands: Vec::new(), nodes: vec![Node::Given] }
    }

    /// Gives the elements of an operand.
    #[must_use]
    pub fn load(operand: Operand) -> Self {
        Self { operands: vec![operand], nodes: vec![Node::Load(0)] }
    }

    /// The node whose number is the result.
    #[must_use]
    pub fn root(&self) -> NodeId {
        self.nodes.len().saturating_sub(1)
    }

    /// Whether it gives what it is given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.nodes == [Node::Given]
    }

    /// Whether it gives the elements of its one operand.
    #[must_use]
    pub fn is_load(&self) -> bool {
        self.nodes == [Node::Load(0)] && self.operands.len() == 1
    }

    /// Arithmetic operations for each element. Each function such as `exp` or `erf` counts as one.
    #[must_use]
    pub fn flops(&self) -> usize {
        self.nodes.iter().filter(|node| node.is_arithmetic()).count()
    }

    /// Whether operand `index` is read at places that other operands say.
    #[must_use]
    pub fn is_indirect(&self, index: usize) -> bool {
        self.nodes.iter().any(|node| matches!(node, Node::LoadAt { operand, .. } if *operand == index))
    }
}

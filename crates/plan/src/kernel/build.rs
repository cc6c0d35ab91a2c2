use phalanx_tensor::DType;

use super::fold::fold;
use super::{Binary, Kernel, Node, NodeId, Scalar, Unary};
use crate::op::Operand;

/// Puts a kernel together. Equal nodes and operands become one.
#[derive(Default)]
pub(crate) struct Builder {
    operands: Vec<Operand>,
    nodes: Vec<Node>,
}

impl Builder {
    pub(crate) fn operand(&mut self, operand: Operand) -> usize {
        position_or_push(&mut self.operands, operand)
    }

    pub(crate) fn load(&mut self, operand: Operand) -> NodeId {
        let operand = self.operand(operand);
        self.push(Node::Load(operand))
    }

    pub(crate) fn literal(&mut self, scalar: Scalar) -> NodeId {
        self.push(Node::Literal(scalar))
    }

    pub(crate) fn unary(&mut self, function: Unary, of: NodeId) -> NodeId {
        self.push(Node::Unary(function, of))
    }

    pub(crate) fn binary(&mut self, function: Binary, left: NodeId, right: NodeId) -> NodeId {
        self.push(Node::Binary(function, left, right))
    }

    pub(crate) fn cast(&mut self, dtype: DType, of: NodeId) -> NodeId {
        self.push(Node::Cast(dtype, of))
    }

    /// Adds a node, or finds one that gives the same.
    pub(crate) fn push(&mut self, node: Node) -> NodeId {
        match fold(&self.nodes, node) {
            Ok(same) => same,
            Err(node) => position_or_push(&mut self.nodes, node),
        }
    }

    /// The kernel that gives `root`, without nodes and operands that it does not need.
    pub(crate) fn finish(&self, root: NodeId) -> Kernel {
        let mut is_needed = vec![false; self.nodes.len()];
        is_needed[root] = true;
        for id in (0..=root).rev() {
            if is_needed[id] {
                self.nodes[id].inputs().for_each(|input| is_needed[input] = true);
            }
        }
        let mut kept = Self::default();
        let mut moved = vec![0; self.nodes.len()];
        for id in (0..=root).filter(|&id| is_needed[id]) {
            let node = renumber(
                self.nodes[id],
                |node| moved[node],
                |operand| kept.operand(self.operands[operand].clone()),
            );
            kept.nodes.push(node);
            moved[id] = kept.nodes.len() - 1;
        }
        Kernel { operands: kept.operands, nodes: kept.nodes }
    }
}

fn position_or_push<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|other| *other == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

/// `node` with what it refers to under other numbers.
pub(super) fn renumber(
    node: Node,
    id: impl Fn(NodeId) -> NodeId,
    mut operand: impl FnMut(usize) -> usize,
) -> Node {
    match node {
        Node::Given | Node::Literal(_) => node,
        Node::Load(of) => Node::Load(operand(of)),
        Node::LoadAt { operand: of, index, stride, size } => {
            Node::LoadAt { operand: operand(of), index: id(index), stride, size }
        }
        Node::Unary(function, of) => Node::Unary(function, id(of)),
        Node::Binary(function, left, right) => Node::Binary(function, id(left), id(right)),
        Node::Select { condition, then, otherwise } => {
            Node::Select { condition: id(condition), then: id(then), otherwise: id(otherwise) }
        }
        Node::Cast(dtype, of) => Node::Cast(dtype, id(of)),
    }
}

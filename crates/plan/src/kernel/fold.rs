use super::{Binary, Node, NodeId, Scalar};

/// The node that `node` only repeats, or `node` itself. Exact: nothing that could change a bit of a result.
pub(super) fn fold(nodes: &[Node], node: Node) -> Result<NodeId, Node> {
    let literal = |id: NodeId| match nodes[id] {
        Node::Literal(scalar) => Some(scalar),
        _ => None,
    };
    match node {
        Node::Binary(function, left, right) => match (literal(left), literal(right)) {
            (None, Some(scalar)) if is_neutral(function, scalar) => Ok(left),
            (Some(scalar), None) if is_neutral(function, scalar) && is_commutative(function) => Ok(right),
            _ => Err(node),
        },
        Node::Select { condition, then, otherwise } => match literal(condition) {
            Some(Scalar::Bool(true)) => Ok(then),
            Some(Scalar::Bool(false)) => Ok(otherwise),
            _ if then == otherwise => Ok(then),
            _ => Err(node),
        },
        Node::Cast(dtype, of) if matches!(nodes[of], Node::Cast(same, _) if same == dtype) => Ok(of),
        _ => Err(node),
    }
}

const fn is_commutative(function: Binary) -> bool {
    matches!(function, Binary::Add | Binary::Mul | Binary::And | Binary::Or | Binary::Xor)
}

/// Whether `x function scalar` is x. Adding 0 is not, for x = -0.
fn is_neutral(function: Binary, scalar: Scalar) -> bool {
    match (function, scalar) {
        (Binary::Mul | Binary::Div, Scalar::F32(number)) => number == 1.0,
        (Binary::Mul | Binary::Div, Scalar::I64(number)) => number == 1,
        (Binary::Add | Binary::Sub, Scalar::I64(number)) => number == 0,
        (Binary::And, Scalar::Bool(flag)) => flag,
        (Binary::Or | Binary::Xor, Scalar::Bool(flag)) => !flag,
        _ => false,
    }
}

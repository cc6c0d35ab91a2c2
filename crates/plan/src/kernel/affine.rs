use super::{Binary, Kernel, Node, NodeId, Scalar};

/// `scale · given + Σ loads + constant`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Affine {
    pub(crate) scale: f32,
    /// Numbers of operands.
    pub(crate) loads: Vec<usize>,
    pub(crate) constant: f32,
}

/// A kernel of floats in this form, if it has it.
pub(crate) fn affine(kernel: &Kernel) -> Option<Affine> {
    affine_of(kernel, kernel.root())
}

/// One node of a kernel in this form.
pub(crate) fn affine_of(kernel: &Kernel, id: NodeId) -> Option<Affine> {
    match *kernel.nodes.get(id)? {
        Node::Given => Some(Affine { scale: 1.0, loads: Vec::new(), constant: 0.0 }),
        Node::Load(operand) => Some(Affine { scale: 0.0, loads: vec![operand], constant: 0.0 }),
        Node::Literal(Scalar::F32(number)) => {
            Some(Affine { scale: 0.0, loads: Vec::new(), constant: number })
        }
        Node::Binary(Binary::Add, left, right) => {
            let (mut left, right) = (affine_of(kernel, left)?, affine_of(kernel, right)?);
            left.scale += right.scale;
            left.loads.extend(right.loads);
            left.constant += right.constant;
            Some(left)
        }
        Node::Binary(Binary::Mul, left, right) => {
            times(kernel, left, right).or_else(|| times(kernel, right, left))
        }
        Node::Binary(Binary::Div, left, right) => match kernel.nodes[right] {
            Node::Literal(Scalar::F32(number)) => scaled(&affine_of(kernel, left)?, 1.0 / number),
            _ => None,
        },
        _ => None,
    }
}

fn times(kernel: &Kernel, term: NodeId, factor: NodeId) -> Option<Affine> {
    match kernel.nodes[factor] {
        Node::Literal(Scalar::F32(number)) => scaled(&affine_of(kernel, term)?, number),
        _ => None,
    }
}

/// Scaled, where that changes nothing that is loaded.
fn scaled(sum: &Affine, factor: f32) -> Option<Affine> {
    sum.loads.is_empty().then(|| Affine {
        scale: sum.scale * factor,
        loads: Vec::new(),
        constant: sum.constant * factor,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Builder;
    use crate::op::Operand;
    use crate::value::ValueId;

    #[test]
    fn sums_are_taken_apart() {
        let mut builder = Builder::default();
        let mask = builder.load(Operand { value: ValueId(1), offset: 0, strides: vec![0, 1] });
        let (given, half) = (builder.push(Node::Given), builder.literal(Scalar::F32(0.5)));
        let scaled = builder.binary(Binary::Mul, half, given);
        let masked = builder.binary(Binary::Add, mask, scaled);
        let twice = builder.binary(Binary::Add, masked, scaled);
        let expected = Affine { scale: 1.0, loads: vec![0], constant: 0.0 };
        assert_eq!(affine(&builder.finish(twice)), Some(expected));
        let product = builder.binary(Binary::Mul, mask, given);
        assert_eq!(affine(&builder.finish(product)), None);
        let scaled_mask = builder.binary(Binary::Mul, mask, half);
        assert_eq!(affine(&builder.finish(scaled_mask)), None);
    }
}

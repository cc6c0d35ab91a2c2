use super::absorb::through;
use crate::draft::Draft;
use crate::kernel::{Binary, Kernel, Node, Scalar};
use crate::op::{Op, Operand, Product};
use crate::stride::is_matrix;

/// An operand of a product that was only multiplied by a number: the product scales instead.
pub(super) fn scale(draft: &mut Draft, index: usize) -> bool {
    let Op::Product(product) = &draft.steps[index].op else { return false };
    let mut product = product.clone();
    let (a_shape, b_shape) = (product.a_shape(), product.b_shape());
    let a = unscaled(draft, &product.a, &a_shape);
    let b = unscaled(draft, &product.b, &b_shape);
    for (operand, factor) in [(&mut product.a, a), (&mut product.b, b)] {
        if let Some((unscaled, factor)) = factor {
            *operand = unscaled;
            product.epilogue.scale *= factor;
        }
    }
    let Op::Product(old) = &draft.steps[index].op else { return false };
    if *old == product || !is_valid(&product) {
        return false;
    }
    draft.steps[index].op = Op::Product(product);
    true
}

/// What the operand was before, and by what it was multiplied.
fn unscaled(draft: &Draft, operand: &Operand, shape: &[usize]) -> Option<(Operand, f32)> {
    let Op::Map(map) = &draft.steps[draft.producer(operand.value)?].op else { return None };
    let factor = factor(&map.kernel)?;
    let source = map.kernel.operands.first()?;
    let same = draft.value(source.value).dtype == draft.value(operand.value).dtype;
    same.then(|| through(draft, map, operand, shape, source)).flatten().map(|source| (source, factor))
}

/// The number that a kernel multiplies its one operand by.
fn factor(kernel: &Kernel) -> Option<f32> {
    let number = |id: usize| match kernel.nodes[id] {
        Node::Literal(Scalar::F32(number)) => Some(number),
        _ => None,
    };
    let is_load = |id: usize| matches!(kernel.nodes[id], Node::Load(_));
    match *kernel.nodes.last()? {
        Node::Binary(Binary::Mul, left, right) if is_load(left) => number(right),
        Node::Binary(Binary::Mul, left, right) if is_load(right) => number(left),
        Node::Binary(Binary::Div, left, right) if is_load(left) => number(right).map(f32::recip),
        _ => None,
    }
}

/// Whether the operands of a product are matrices with leading dimensions.
pub(super) fn is_valid(product: &Product) -> bool {
    let last = |strides: &[usize]| match *strides {
        [.., rows, columns] => (rows, columns),
        _ => (0, 0),
    };
    let (a, b) = (last(&product.a.strides), last(&product.b.strides));
    is_matrix((product.m, a.0), (product.k, a.1)) && is_matrix((product.k, b.0), (product.n, b.1))
}

use crate::draft::Draft;
use crate::kernel::affine::affine;
use crate::kernel::{Binary, Kernel, Node, NodeId, Scalar};
use crate::op::{Op, Reduction, Rows};

/// `rms_norm(x - mean(x))` is the layer normalisation of x.
pub(super) fn layer_norm(draft: &mut Draft, index: usize) -> bool {
    let Op::Rows(rows) = &draft.steps[index].op else { return false };
    let Reduction::RmsNorm { epsilon } = rows.reduction else { return false };
    let Node::Binary(Binary::Sub, x, mean) = rows.before.nodes[rows.before.root()] else { return false };
    let before = rows.before.part(x);
    if !is_mean(draft, rows, &before, mean) {
        return false;
    }
    let mut rows = rows.clone();
    rows.before = before;
    rows.reduction = Reduction::LayerNorm { epsilon };
    draft.steps[index].op = Op::Rows(rows);
    true
}

/// Whether node `mean` is the mean over a row of what `before` computes.
fn is_mean(draft: &Draft, rows: &Rows, before: &Kernel, mean: NodeId) -> bool {
    let Some((operand, factor)) = scaled_load(&rows.before, mean) else { return false };
    let operand = &rows.before.operands[operand];
    let Some(producer) = draft.producer(operand.value) else { return false };
    let Op::Rows(sum) = &draft.steps[producer].op else { return false };
    let Some(after) = affine(&sum.after).filter(|after| after.loads.is_empty() && after.constant == 0.0)
    else {
        return false;
    };
    let count: usize = rows.inner.iter().product();
    let is_divided = (after.scale * factor * count as f32 - 1.0).abs() < 1e-5;
    let (outer, inner) = operand.strides.split_at(rows.outer.len());
    sum.reduction == Reduction::Sum
        && is_divided
        && (&sum.outer, &sum.inner) == (&rows.outer, &rows.inner)
        && operand.offset == 0
        && outer == sum.store
        && inner.iter().all(|&stride| stride == 0)
        && sum.before.part(sum.before.root()) == *before
}

/// The operand that a node loads, and the number it multiplies it by.
fn scaled_load(kernel: &Kernel, id: NodeId) -> Option<(usize, f32)> {
    let number = |id: NodeId| match kernel.nodes[id] {
        Node::Literal(Scalar::F32(number)) => Some(number),
        _ => None,
    };
    match kernel.nodes[id] {
        Node::Load(operand) => Some((operand, 1.0)),
        Node::Binary(Binary::Mul, left, right) => match (kernel.nodes[left], kernel.nodes[right]) {
            (Node::Load(operand), _) => number(right).map(|factor| (operand, factor)),
            (_, Node::Load(operand)) => number(left).map(|factor| (operand, factor)),
            _ => None,
        },
        Node::Binary(Binary::Div, left, right) => match kernel.nodes[left] {
            Node::Load(operand) => number(right).map(|divisor| (operand, divisor.recip())),
            _ => None,
        },
        _ => None,
    }
}

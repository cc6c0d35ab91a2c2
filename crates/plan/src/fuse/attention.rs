use crate::draft::Draft;
use crate::kernel::{Binary, Builder, Kernel, Node, Scalar};
use crate::op::{Activation, Attention, Epilogue, Op, Operand, Product, Reduction, Rows};

/// A product, a softmax over its columns and a product with that are attention.
pub(super) fn attention(draft: &mut Draft, index: usize) -> bool {
    let Some((found, last)) = find(draft, index) else { return false };
    draft.steps[last].op = Op::Attention(found);
    // What is left of it is dead.
    true
}

/// The attention around the softmax at step `index`, and the step that writes its result.
fn find(draft: &Draft, index: usize) -> Option<(Attention, usize)> {
    let Op::Rows(softmax) = &draft.steps[index].op else { return None };
    if softmax.reduction != Reduction::Softmax || !softmax.after.is_given() || softmax.inner.len() != 1 {
        return None;
    }
    let place = (0..softmax.before.operands.len()).find(|&place| {
        let value = softmax.before.operands[place].value;
        let is_product = |step: usize| matches!(draft.steps[step].op, Op::Product(_));
        draft.only_reader(value) == Some(index) && draft.producer(value).is_some_and(is_product)
    })?;
    let read = &softmax.before.operands[place];
    let twice = softmax.before.operands.iter().filter(|other| other.value == read.value).count() > 1;
    let Op::Product(scores) = &draft.steps[draft.producer(read.value)?].op else { return None };
    let last = draft.only_reader(draft.steps[index].output)?;
    let Op::Product(mix) = &draft.steps[last].op else { return None };
    let is_plain = mix.epilogue == Epilogue::default()
        && scores.epilogue.activation == Activation::None
        && mix.a.value == draft.steps[index].output
        && mix.b.value != draft.steps[index].output
        && (mix.a.offset, read.offset) == (0, 0);
    if twice || !is_plain || softmax.before.is_indirect(place) {
        return None;
    }
    let axes = Axes::new(scores, softmax, place, mix)?;
    Some((axes.attention(scores, softmax, place, mix), last))
}

/// For each axis of the second product's first operand (batch, row, sum) the axis of the softmax and the axis of the
/// first product (batch, row, column) that it is. `None` where it has size 1 and is none.
struct Axes {
    softmax: Vec<Option<usize>>,
    scores: Vec<Option<usize>>,
}

impl Axes {
    fn new(scores: &Product, softmax: &Rows, place: usize, mix: &Product) -> Option<Self> {
        let read = &softmax.before.operands[place].strides;
        let (shape, full) = (mix.a_shape(), softmax.full_shape());
        let (rows, columns) = (scores.batch.len(), scores.batch.len() + 1);
        let mut axes = Self { softmax: Vec::new(), scores: Vec::new() };
        for (axis, (&size, &stride)) in shape.iter().zip(&mix.a.strides).enumerate() {
            let of_softmax = position(&full, &softmax.store, size, stride);
            let of_scores = of_softmax
                .and_then(|at| position(&scores.shape(), &scores.store, size, read[at]))
                .or_else(|| (size == 1).then_some(()).and((axis == shape.len() - 2).then_some(rows)));
            let expected = match shape.len() - axis {
                1 => of_scores == Some(columns) && of_softmax == Some(full.len() - 1),
                2 => of_scores == Some(rows) && (size > 1 || scores.m == 1),
                _ => of_scores.is_some_and(|it| it < rows),
            };
            if !expected {
                return None;
            }
            axes.softmax.push(of_softmax);
            axes.scores.push(of_scores);
        }
        let used = axes.softmax.iter().flatten().count();
        (used == full.len() && mix.batch.len() == scores.batch.len() && mix.k == scores.n).then_some(axes)
    }

    fn attention(&self, scores: &Product, softmax: &Rows, place: usize, mix: &Product) -> Attention {
        let batch = mix.batch.len();
        let scores_at = |strides: &[usize]| reordered(&self.scores, strides);
        let softmax_at = |strides: &[usize]| reordered(&self.softmax, strides);
        let with = |operand: &Operand, strides| Operand { strides, ..operand.clone() };
        // Over batch, row, sum: the first two as the second product has them.
        let mut query = scores_at(&scores.a.strides);
        query[batch + 1] = scores.a.strides[batch + 1];
        let mut key = scores_at(&scores.b.strides);
        key[batch..].copy_from_slice(&[scores.b.strides[batch + 1], scores.b.strides[batch]]);
        let mut before = softmax.before.clone();
        for operand in &mut before.operands {
            operand.strides = softmax_at(&operand.strides);
        }
        let sum = sum(&scores.epilogue, scores_at);
        Attention {
            batch: mix.batch.clone(),
            queries: mix.m,
            keys: mix.k,
            width: scores.k,
            value_width: mix.n,
            query: with(&scores.a, query),
            key: with(&scores.b, key),
            value: mix.b.clone(),
            score: before.inline(|other| (other == place).then(|| sum.clone()), None),
            store: mix.store.clone(),
        }
    }
}

/// The axis of this size and stride.
fn position(shape: &[usize], strides: &[usize], size: usize, stride: usize) -> Option<usize> {
    (0..shape.len()).find(|&axis| size > 1 && shape[axis] == size && strides[axis] == stride)
}

fn reordered(axes: &[Option<usize>], strides: &[usize]) -> Vec<usize> {
    axes.iter().map(|axis| axis.map_or(0, |axis| strides[axis])).collect()
}

/// The epilogue of a product as an expression.
fn sum(epilogue: &Epilogue, reorder: impl Fn(&[usize]) -> Vec<usize>) -> Kernel {
    let mut builder = Builder::default();
    let given = builder.push(Node::Given);
    let scale = builder.literal(Scalar::F32(epilogue.scale));
    let mut sum = builder.binary(Binary::Mul, given, scale);
    for operand in epilogue.operands() {
        let load = builder.load(Operand { strides: reorder(&operand.strides), ..operand.clone() });
        sum = builder.binary(Binary::Add, sum, load);
    }
    builder.finish(sum)
}
